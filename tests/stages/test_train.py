import importlib
import json
from pathlib import Path

import feature_projects
import pytest
import yaml
from projects import change_param

from sora import layout
from sora.errors import SoraError
from sora.manifest import read_table, write_table
from sora.params import convert, read_params
from sora.stages import STAGES, train
from sora.trained import judging_videos


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


@pytest.fixture
def project(tmp_path, monkeypatch):
    feature_projects.make_features(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run_train():
    modules = {name: importlib.import_module(f"sora.stages.{name}") for name in STAGES}
    params, settings = read_params({name: module.Params for name, module in modules.items()})
    train.run(params["train"], settings)
    return json.loads(layout.TRAINING.read_text())["inner"]


def files(folder):
    return {p.relative_to(folder): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def take_away(path):
    """Take a video out of the splits, and return them as they were."""
    splits = read_table(layout.SPLITS)
    write_table(layout.SPLITS, splits[splits["path"] != path])
    return splits


def test_an_update_learns_what_its_parent_does_not_know_the_same_way_each_time(project):
    all_splits = take_away("left/02.mp4")
    assert "num_new" not in run_train()
    layout.TRAINED.rename(layout.PARENT)
    change_param(project, "train", "update", {"parent": "models/parent", "reservoir_size": 500})
    with pytest.raises(SoraError, match="the parent knows every video already"):
        run_train()
    write_table(layout.SPLITS, all_splits)
    inner = run_train()
    assert (inner["num_new"], inner["num_replayed"]) == (1, 15)
    learned = read_table(layout.TRAINED_LEARNED)
    kept = all_splits.loc[all_splits["split"] != "test", "path"]
    assert list(learned["key"]) == sorted(path.replace("/", "").removesuffix(".mp4") for path in kept)
    assert (layout.TRAINED_CHOICES).read_bytes() == (layout.PARENT / "choices.json").read_bytes()
    first = files(layout.TRAINED)
    run_train()
    assert files(layout.TRAINED) == first
    change_param(project, "train", "network", "residual")
    with pytest.raises(SoraError, match="only heads on features can be updated, residual cannot"):
        run_train()


def test_what_the_parent_learned_in_train_does_not_judge_an_update_though_the_splits_say_so(project):
    all_splits = take_away("left/02.mp4")
    run_train()
    layout.TRAINED.rename(layout.PARENT)
    change_param(project, "train", "update", {"parent": "models/parent", "reservoir_size": 500})
    (judged, *others), (_, learned, *_) = (  # the first one of train is new
        all_splits.loc[all_splits["split"] == split, "path"] for split in ("val", "train")
    )
    moved = all_splits["path"].map({judged: "train", learned: "val"}).fillna(all_splits["split"])
    write_table(layout.SPLITS, all_splits.assign(split=moved))
    run_train()
    assert list(read_table(layout.TRAINED_LEARNED)["split"]).count("val") == len(others)
    tested = all_splits.loc[all_splits["split"] == "test", "path"]
    assert set(judging_videos()["path"]) == {*others, *tested}
