from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from sora.features import FeatureSet
from sora.params import read_section
from sora.training.spec import TrainSpec
from sora.tuning.objective import build_problem, fold_score

BASE = read_section("train", TrainSpec, Path(__file__).parents[2] / "params.yaml")


def videos(num_groups: int = 9, num_views: int = 2) -> FeatureSet:
    """Two labels; feature 0 is the class, feature 1 the view; two videos a group, each with views."""
    rows = [
        (f"{label}{g}{v}", view, label, f"{label}{g}", "val" if g % 4 == 0 else "train", label == "b")
        for label in "ab"
        for g in range(num_groups)
        for v in range(2)
        for view in range(num_views)
    ]
    table = pd.DataFrame(rows, columns=["path", "view", "label", "group", "split", "is_b"])
    features = np.stack([table["is_b"], table["view"]], axis=1).astype(np.float32)[:, None]
    return FeatureSet(table.drop(columns="is_b"), features, {"rgb": slice(0, 2)})


def test_a_fold_is_judged_by_videos_whose_groups_the_fit_has_not_seen(monkeypatch):
    features, seen, judged = videos(), [], []

    def predict(rows, verbose):
        judged.append(rows)
        return [np.tile([0.8, 0.2], (len(rows), 1)), None]

    def fit(given, labels, params, seed):
        assert (labels, params, seed) == (["a", "b"], BASE, 7)
        seen.append(set(given.videos["group"]))
        assert set(given.videos["view"]) == {0, 1}
        return SimpleNamespace(model=SimpleNamespace(predict=predict))

    monkeypatch.setattr("sora.tuning.objective.fit", fit)
    problem = build_problem(features, metric="log_loss", num_folds=3, seed=7)
    losses = [fold_score(problem, BASE, fold) for fold in range(3)]
    groups = set(features.videos["group"])
    held = [groups - each for each in seen]
    assert sorted(group for each in held for group in each) == sorted(groups)
    assert all((rows[:, 0, 1] == 0).all() for rows in judged)
    assert [len(rows) for rows in judged] == [2 * len(each) for each in held]
    assert np.mean(losses) == pytest.approx(-np.log([0.8, 0.2]).mean())
    by_accuracy = replace(problem, metric="accuracy")
    assert np.mean([fold_score(by_accuracy, BASE, fold) for fold in range(3)]) == pytest.approx(0.5)


def test_a_fold_can_be_scored_with_the_real_fit():
    problem = build_problem(videos(), metric="log_loss", num_folds=3, seed=0)
    params = replace(BASE, blocks=["rgb"])
    assert fold_score(problem, params, 0) < 0.1
    network = replace(params, head="mean", epochs=3)
    assert fold_score(problem, network, 0) == fold_score(problem, network, 0)
