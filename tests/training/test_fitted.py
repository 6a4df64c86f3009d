import pandas as pd
import pytest

from sora.errors import SoraError
from sora.training.fitted import require_all_labels


def test_too_few_videos_are_counted():
    videos = pd.DataFrame({"label": ["a", "b", "b", "a;b"], "split": ["train", "val", "val", "val"]})
    with pytest.raises(SoraError, match=r"label 'b' has no training video: its 3 .* at least 1 is needed"):
        require_all_labels(videos, ["a", "b"])
    with pytest.raises(SoraError, match="at least two labels"):
        require_all_labels(videos, ["a"])
