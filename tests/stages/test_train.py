from pathlib import Path

import pytest
import yaml

from sora.errors import SoraError
from sora.params import convert
from sora.stages import train


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
