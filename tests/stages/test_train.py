from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from toy_videos import F, T, videos

from sora.errors import SoraError
from sora.features import FeatureSet
from sora.params import convert
from sora.stages import train

COLUMNS = {"rgb.mean": slice(0, 3), "rgb.max": slice(3, 12), "flow": slice(12, F)}


def stored(labels, splits):
    names = [f"{i}.mp4" for i in range(len(labels))]
    table = pd.DataFrame({"path": names, "view": 0, "label": labels, "group": names, "split": splits})
    return FeatureSet(table, videos(len(labels)).features, COLUMNS)


@pytest.fixture
def params():
    section = yaml.safe_load((Path(__file__).parents[2] / "params.yaml").read_text())["train"]
    changes = {"head": "mean_std", "blocks": ["rgb.mean", "flow"], "epochs": 2, "units": 4}
    return convert(train.Params, {**section, **changes}, "train")


def test_the_landed_parameters_fit_and_only_chosen_blocks_are_used(params):
    features = stored(["a", "b", "c"] * 10, ["train"] * 24 + ["val"] * 6)
    fitted = train.fit(features, ["a", "b", "c"], params, seed=0)
    assert fitted.model.input_shape == (None, T, F)
    assert fitted.model.get_layer("scaled").columns == [[0, 3], [12, 18]]
    assert [row["epoch"] for row in fitted.history[:2]] == [1, 2]
    assert fitted.inner["loss"] == min(row["val_loss"] for row in fitted.history[:2])


def test_the_projection_is_fitted_on_training_videos_only(params):
    features = stored(["a", "b", "c"] * 10, ["train"] * 24 + ["val"] * 6)
    params = replace(params, projection_size=4, refit=False, epochs=1, head="gru")
    kernels = []
    for shift in (0, 100):
        features.features[24:] += shift
        model = train.fit(features, ["a", "b", "c"], params, 0).model
        kernels.append(model.get_layer("scaled").get_weights()[0])
    assert kernels[0].shape == (9, 4)
    np.testing.assert_array_equal(*kernels)


def test_several_labels_give_multi_hot_targets_and_a_sigmoid(params):
    np.testing.assert_array_equal(
        train.targets(["a", "a;c", "b"], ["a", "b", "c"]), [[1, 0, 0], [1, 0, 1], [0, 1, 0]]
    )
    features = stored(["a", "a;c", "b"] * 4, ["train"] * 9 + ["val"] * 3)
    model = train.fit(features, ["a", "b", "c"], replace(params, epochs=1), seed=0).model
    assert model.get_layer("probabilities").activation.__name__ == "sigmoid"


def test_unknown_blocks_are_named(params):
    features = stored(["a", "b"] * 4, ["train"] * 8)
    with pytest.raises(
        SoraError, match=r"train\.blocks: expected some of rgb, rgb\.mean, rgb\.max, flow, got 'crop'"
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
        ({"head": "median"}, r"train\.head: input should be 'linear', 'mean'"),
        ({"optimizer": {"kind": "adam", "rate": 1}}, r"train\.optimizer\.rate: unknown parameter"),
        ({"dropout": 1.0}, r"train\.dropout: input should be less than 1"),
    ],
)
def test_bad_parameters_are_named(changes, message):
    section = yaml.safe_load((Path(__file__).parents[2] / "params.yaml").read_text())["train"]
    with pytest.raises(SoraError, match=message):
        convert(train.Params, {**section, **changes}, "train")
