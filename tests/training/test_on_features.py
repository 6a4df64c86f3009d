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
from sora.training.fitted import targets
from sora.training.on_features import fit
from sora.training.spec import TrainSpec

COLUMNS = {"rgb.mean": slice(0, 3), "rgb.max": slice(3, 12), "flow": slice(12, F)}


def stored(labels, splits):
    names = [f"{i}.mp4" for i in range(len(labels))]
    table = pd.DataFrame({"path": names, "view": 0, "label": labels, "group": names, "split": splits})
    return FeatureSet(table, videos(len(labels)).features, COLUMNS)


@pytest.fixture
def params():
    section = yaml.safe_load((Path(__file__).parents[2] / "params.yaml").read_text())["train"]
    changes = {"head": "mean_std", "blocks": ["rgb.mean", "flow"], "epochs": 2, "units": 4}
    return convert(TrainSpec, {**section, **changes}, "train")


def test_the_landed_parameters_fit_and_only_chosen_blocks_are_used(params):
    features = stored(["a", "b", "c"] * 10, ["train"] * 24 + ["val"] * 6)
    fitted = fit(features, ["a", "b", "c"], params, seed=0)
    assert fitted.model.input_shape == (None, T, F)
    assert fitted.model.get_layer("scaled").columns == [[0, 3], [12, 18]]
    assert [row["epoch"] for row in fitted.history[:2]] == [1, 2]
    assert fitted.inner["loss"] == min(row["val_loss"] for row in fitted.history[:2])


def test_the_linear_head_is_judged_by_folds_and_a_first_word_names_all_its_columns(params):
    features = stored(["a", "b", "c"] * 10, ["train"] * 24 + ["val"] * 6)
    params = replace(params, head="linear", blocks=["rgb"])
    fitted = fit(features, ["a", "b", "c"], params, seed=0)
    assert fitted.model.get_layer("standard").columns == [[0, 12], [F, F + 12]]  # means, then deviations
    assert [row["epoch"] for row in fitted.history] == [1]
    assert fitted.inner["found_by"] == "5 folds of groups"
    assert fitted.inner["fused"]["accuracy"] == fitted.history[0]["val_accuracy"]
    again = fit(features, ["a", "b", "c"], params, seed=0)
    for one, other in zip(fitted.model.get_weights(), again.model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_projection_is_fitted_on_training_videos_only(params):
    features = stored(["a", "b", "c"] * 10, ["train"] * 24 + ["val"] * 6)
    params = replace(params, projection_size=4, refit=False, epochs=1, head="gru")
    kernels = []
    for shift in (0, 100):
        features.features[24:] += shift
        model = fit(features, ["a", "b", "c"], params, 0).model
        kernels.append(model.get_layer("scaled").get_weights()[0])
    assert kernels[0].shape == (9, 4)
    np.testing.assert_array_equal(*kernels)


def test_several_labels_give_multi_hot_targets_and_a_sigmoid(params):
    np.testing.assert_array_equal(
        targets(["a", "a;c", "b"], ["a", "b", "c"]), [[1, 0, 0], [1, 0, 1], [0, 1, 0]]
    )
    features = stored(["a", "a;c", "b"] * 4, ["train"] * 9 + ["val"] * 3)
    model = fit(features, ["a", "b", "c"], replace(params, epochs=1), seed=0).model
    assert model.get_layer("probabilities").activation.__name__ == "sigmoid"


def test_unknown_blocks_are_named(params):
    features = stored(["a", "b"] * 4, ["train"] * 8)
    with pytest.raises(
        SoraError, match=r"train\.blocks: expected some of rgb, rgb\.mean, rgb\.max, flow, got 'crop'"
    ):
        fit(features, ["a", "b"], replace(params, blocks=["flow", "crop"]), seed=0)
