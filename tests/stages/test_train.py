from pathlib import Path

import pandas as pd
import pytest
import yaml

from sora.errors import SoraError
from sora.params import convert
from sora.stages import train


def test_too_few_videos_are_counted():
    videos = pd.DataFrame({"label": ["a", "b", "b", "a;b"], "split": ["train", "val", "val", "val"]})
    with pytest.raises(SoraError, match=r"label 'b' has no training video: its 3 .* at least 1 is needed"):
        train.require_all_labels(videos, ["a", "b"])
    with pytest.raises(SoraError, match="at least two labels"):
        train.require_all_labels(videos, ["a"])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"head": "median"}, r"train\.head: input should be 'linear', 'mean'"),
        ({"optimizer": {"kind": "adam", "rate": 1}}, r"train\.optimizer\.rate: unknown parameter"),
        ({"dropout": 1.0}, r"train\.dropout: input should be less than 1"),
    ],
)
def test_bad_parameters_are_named(changes, message):
    section = yaml.safe_load((Path(__file__).parents[2] / "params.yaml").read_text())["train"]
    with pytest.raises(SoraError, match=message):
        convert(train.Params, {**section, **changes}, "train")
