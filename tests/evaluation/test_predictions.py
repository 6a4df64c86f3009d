import numpy as np
import pandas as pd
import pytest

from sora.errors import SoraError
from sora.evaluation.predictions import prediction_table, require_answerable

LABELS = ["jump", "run", "wave"]
VIDEOS = pd.DataFrame({"path": ["a.mp4", "b.mp4"], "label": ["jump;run", "wave"]})


def test_a_row_has_what_is_true_what_is_named_and_every_probability():
    probabilities = np.array([[0.7, 0.6, 0.1], [0.1, 0.3, 0.2]], np.float32)
    table = prediction_table(VIDEOS, LABELS, probabilities, 4, several_labels=True)
    assert list(table) == ["path", "label", "predicted", *(f"probability_{name}" for name in LABELS)]
    assert list(table["predicted"]) == ["jump;run", "run"]
    assert table["probability_run"].tolist() == [0.6, 0.3]
    table = prediction_table(VIDEOS, LABELS, probabilities, 4, several_labels=False)
    assert list(table["predicted"]) == ["jump", "run"]


def test_a_label_or_a_number_of_labels_that_was_never_learned_names_the_video():
    require_answerable(VIDEOS, LABELS, several_labels=True)
    with pytest.raises(SoraError, match=r"^a\.mp4: has the labels jump;run, and no training video has more"):
        require_answerable(VIDEOS, LABELS, several_labels=False)
    with pytest.raises(SoraError, match=r"^a\.mp4: .*'run' that no training video has"):
        require_answerable(VIDEOS, ["jump", "wave"], several_labels=True)
