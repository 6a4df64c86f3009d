"""On stored features and tables alone, as evaluate calls it."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from feature_projects import make_features, write_facts

from sora import layout
from sora.attributes import attributes_table
from sora.errors import SoraError
from sora.features import feature_table
from sora.manifest import write_table
from sora.sources.videos import LabelledVideo
from sora.standing import beside_baselines, held_out_slices

LABELS = ["left", "right"]


@pytest.fixture
def test_videos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> pd.DataFrame:
    """Features that tell the labels, and metadata of which the frame rate does."""
    make_features(tmp_path, num_groups=24)
    monkeypatch.chdir(tmp_path)
    write_facts()
    return feature_table(("test",))


def beside(test: pd.DataFrame, is_right: np.ndarray) -> dict[str, dict[str, float]]:
    return beside_baselines(test, is_right, LABELS, several_labels=False, seed=0)


def test_both_baselines_learn_what_there_is_to_learn(test_videos: pd.DataFrame):
    is_right = np.arange(len(test_videos)) % 2 == 0
    found = beside(test_videos, is_right)
    assert list(found) == ["metadata", "mean_pooled"]
    assert found["metadata"]["accuracy"] == found["mean_pooled"]["accuracy"] == 1.0
    assert found["metadata"]["difference"] == -0.5
    assert found == beside(test_videos, is_right)


def test_without_features_of_plain_frames_one_is_left_out(test_videos: pd.DataFrame):
    layout.FEATURE_COLUMNS.write_text('{"crop.mean": [0, 6]}')
    assert list(beside(test_videos, np.ones(len(test_videos), bool))) == ["metadata"]


def test_training_views_do_not_count_and_test_labels_are_not_looked_at(test_videos: pd.DataFrame):
    index = pd.read_csv(layout.FEATURE_INDEX)
    views = index[~index["path"].isin(test_videos["path"])].assign(view=1, key="missing")
    expected = beside(test_videos, np.ones(len(test_videos), bool))
    write_table(layout.FEATURE_INDEX, pd.concat([index, views]))
    assert beside(test_videos, np.ones(len(test_videos), bool)) == expected
    turned = test_videos.assign(
        label=["right" if label == "left" else "left" for label in test_videos["label"]]
    )
    assert beside(turned, np.ones(len(test_videos), bool))["mean_pooled"]["accuracy"] == 0.0


def test_slices_go_by_facts_and_by_the_users_columns(test_videos: pd.DataFrame):
    is_right = (test_videos["label"] == "right").to_numpy()
    parts = held_out_slices(test_videos, is_right, ())
    assert [(part.column, part.value, part.accuracy) for part in parts] == [
        ("frame rate", "25 fps", 0.0),
        ("frame rate", "30 fps", 1.0),
    ]
    told = [
        LabelledVideo(path, label, "g", attributes={"camera": "front" if number < 6 else "back"})
        for number, (path, label) in enumerate(zip(test_videos["path"], test_videos["label"], strict=True))
    ]
    write_table(layout.ATTRIBUTES, attributes_table(told))
    worst, *others = held_out_slices(test_videos, is_right, ("camera",))
    by_value = {part.value: part for part in (worst, *others) if part.column == "camera"}
    assert (by_value["front"].num_videos, by_value["front"].accuracy) == (6, 0.0)
    assert (by_value["back"].num_videos, by_value["back"].accuracy) == (10, 0.8)
    assert worst.accuracy == 0.0
    with pytest.raises(SoraError, match="got 'person'"):
        held_out_slices(test_videos, is_right, ("camera", "person"))
