from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from toy_videos import F, T, videos

from sora.errors import SoraError
from sora.params import convert
from sora.stages import train

COLUMNS = {"rgb.mean": slice(0, 3), "rgb.max": slice(3, 12), "flow": slice(12, F)}


@dataclass(frozen=True)
class Features:
    """Stands for what extract stored."""

    videos: pd.DataFrame
    features: np.ndarray
    columns: dict[str, slice]

    def of_split(self, split):
        rows = (self.videos["split"] == split).to_numpy()
        return replace(self, videos=self.videos[rows], features=self.features[rows])


def stored(labels, splits):
    table = pd.DataFrame({"path": [f"{i}.mp4" for i in range(len(labels))], "view": 0})
    return Features(table.assign(label=labels, split=splits), videos(len(labels)).features, COLUMNS)


@pytest.fixture
def params():
    section = yaml.safe_load((Path(__file__).parents[2] / "params.yaml").read_text())["train"]
    changes = {"blocks": ["rgb.mean", "flow"], "epochs": 2, "units": 4, "embedding_size": 4}
    return convert(train.Params, {**section, **changes}, "train")


def test_the_landed_parameters_fit_and_only_chosen_blocks_are_used(params):
    features = stored(["a", "b", "c"] * 10, ["train"] * 24 + ["val"] * 6)
    model, history = train.fit(features, ["a", "b", "c"], params, seed=0)
    assert model.input_shape == (None, T, F)
    assert model.get_layer("scaled").columns == [[0, 3], [12, 18]]
    assert [row["epoch"] for row in history[:2]] == [1, 2]


def test_the_projection_is_fitted_on_training_videos_only(params):
    features = stored(["a", "b", "c"] * 10, ["train"] * 24 + ["val"] * 6)
    params = replace(params, projection_size=4, refit=False, epochs=1, head="gru")
    kernels = []
    for shift in (0, 100):
        features.features[24:] += shift
        kernels.append(
            train.fit(features, ["a", "b", "c"], params, 0)[0].get_layer("scaled").get_weights()[0]
        )
    assert kernels[0].shape == (9, 4)
    np.testing.assert_array_equal(*kernels)


def test_several_labels_give_multi_hot_targets_and_a_sigmoid(params):
    np.testing.assert_array_equal(
        train.targets(["a", "a;c", "b"], ["a", "b", "c"]), [[1, 0, 0], [1, 0, 1], [0, 1, 0]]
    )
    features = stored(["a", "a;c", "b"] * 4, ["train"] * 9 + ["val"] * 3)
    model, _ = train.fit(features, ["a", "b", "c"], replace(params, epochs=1), seed=0)
    assert model.get_layer("probabilities").activation.__name__ == "sigmoid"


def test_unknown_blocks_are_named(params):
    features = stored(["a", "b"] * 4, ["train"] * 8)
    with pytest.raises(
        SoraError, match=r"train\.blocks: expected some of rgb\.mean, rgb\.max, flow, got 'crop'"
    ):
        train.fit(features, ["a", "b"], replace(params, blocks=["flow", "crop"]), seed=0)


def test_too_few_videos_are_counted():
    features = stored(["a", "b", "b", "a;b"], ["train", "val", "val", "val"])
    with pytest.raises(SoraError, match=r"label 'b' has no training video: its 3 .* at least 1 is needed"):
        train.require_all_labels(features, ["a", "b"])
    with pytest.raises(SoraError, match="at least two labels"):
        train.require_all_labels(features, ["a"])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"head": "median"}, r"train\.head: input should be 'mean', 'max'"),
        ({"optimizer": {"kind": "adam", "rate": 1}}, r"train\.optimizer\.rate: unknown parameter"),
        ({"dropout": 1.0}, r"train\.dropout: input should be less than 1"),
    ],
)
def test_bad_parameters_are_named(changes, message):
    section = yaml.safe_load((Path(__file__).parents[2] / "params.yaml").read_text())["train"]
    with pytest.raises(SoraError, match=message):
        convert(train.Params, {**section, **changes}, "train")
