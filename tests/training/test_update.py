import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import updates
from updates import LABELS, chosen, of_labels, parent_of, spec, stored

from sora.errors import SoraError
from sora.training.update import rows_for_update, update

TESTS = Path(__file__).parents[1]
HEADS = ["mean_std", "linear"]


def right(model, features, labels=LABELS):
    said = model.predict(features.features, verbose=0)[0].argmax(axis=1)
    return np.array(labels)[said] == features.videos["label"].to_numpy()


def weights(model):
    return [array.copy() for array in model.get_weights()]


def corrected(features, row):
    """Give another label to a video of one of two."""
    videos = features.videos.reset_index(drop=True)
    place = videos.index[row]
    videos.loc[place, "label"] = {"a": "c", "c": "a"}[videos["label"][place]]
    return replace(features, videos=videos)


@pytest.fixture(scope="module", params=HEADS)
def case(request):
    features, params = stored(), spec(request.param)
    return features, params, parent_of(features, params, ["a", "c"])


def test_a_new_label_is_learned_and_the_old_ones_are_not_forgotten(case):
    features, params, parent = case
    before = weights(parent.model), weights(parent.without_val)
    fitted = update(parent, features, LABELS, params, seed=0)
    test = stored(90, seed=7)
    answers = right(fitted.model, test)
    assert answers[(test.videos["label"] == "b").to_numpy()].mean() > 0.85
    old = of_labels(test, ["a", "c"])
    assert right(fitted.model, old).mean() > right(parent.model, old, ["a", "c"]).mean() - 0.05
    assert fitted.inner["effect"]["num_videos"] == 60
    assert fitted.inner["effect"]["gained"] > 0.2
    assert fitted.inner["effect"]["old"]["num_videos"] == 40
    assert fitted.inner["effect"]["old"]["forgotten"] < 0.05
    assert fitted.inner["accuracy"] == right(fitted.without_val, features.of_split("val")).mean()
    assert (fitted.inner["num_new"], fitted.inner["num_replayed"]) == (60, 120)
    for model, kept in zip((parent.model, parent.without_val), before, strict=True):
        for one, other in zip(model.get_weights(), kept, strict=True):
            np.testing.assert_array_equal(one, other)


def test_only_the_rows_it_asks_for_matter(case):
    features, params, parent = case
    params = replace(params, update=replace(params.update, reservoir_size=30))
    needed = rows_for_update(features.videos, parent, 30, seed=5)
    assert 60 < needed.sum() < len(needed)
    few, all_ = (update(parent, each, LABELS, params, 5) for each in (chosen(features, needed), features))
    assert few.inner["num_replayed"] == 30
    for one, other in zip(few.model.get_weights(), all_.model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_corrected_label_is_new_and_a_parent_that_knows_all_is_refused(case):
    features, params, parent = case
    old = of_labels(features, ["a", "c"])
    with pytest.raises(SoraError, match=r"knows every video already; add new ones, .* sora update --off"):
        rows_for_update(old.videos, parent, 10, 0)
    assert update(parent, corrected(old, -1), ["a", "c"], params, 0).inner["num_new"] == 1


def test_a_new_video_that_is_in_val_is_learned_by_what_serves(case):
    features, params, parent = case
    new = corrected(of_labels(features, ["a", "c"]), 0)
    assert new.videos["split"].iloc[0] == "val"
    assert update(parent, new, ["a", "c"], params, 0).inner["num_new"] == 1
    with pytest.raises(SoraError, match="no new video is in train, the others only judge"):
        update(replace(parent, without_val=None), new, ["a", "c"], params, 0)


def test_what_does_not_fit_the_parent_is_refused(case):
    features, params, parent = case
    other = replace(features, features=features.features[..., :-1])
    with pytest.raises(
        SoraError, match=r"the parent takes features \(4, 18\), got \(4, 17\); extract as it was"
    ):
        update(parent, other, LABELS, params, 0)
    with pytest.raises(SoraError, match="no video has the parent's label 'c' any more"):
        update(parent, of_labels(features, ["a", "b"]), ["a", "b"], params, 0)
    with pytest.raises(SoraError, match=r"and train\.head is gru"):
        update(parent, features, LABELS, replace(params, head="gru"), 0)
    several = features.videos.assign(label=features.videos["label"].replace("b", "a;b"))
    with pytest.raises(SoraError, match="some videos have several labels"):
        update(parent, replace(features, videos=several), LABELS, params, 0)


@pytest.mark.parametrize("head", HEADS)
def test_videos_of_several_labels_are_learned_too(head):
    features, params = stored(), spec(head)
    joined = features.videos["label"].mask(features.videos.index % 6 == 3, "a;c")  # every other "a"
    features = replace(features, videos=features.videos.assign(label=joined))
    known = (joined != "b").to_numpy()
    parent = parent_of(chosen(features, known), params, ["a", "c"])
    fitted = update(parent, features, LABELS, params, 0)
    said = fitted.model.predict(features.features, verbose=0)[0] > 0.5
    wanted = [[label in labels for label in LABELS] for labels in joined]
    assert (said == np.array(wanted)).mean() > 0.85


@pytest.mark.slow
@pytest.mark.parametrize("head", HEADS)
def test_another_process_gives_the_same_bits(head):
    environment = {**os.environ, "PYTHONPATH": f"{TESTS.parent}:{TESTS}"}
    run = subprocess.run(
        [sys.executable, updates.__file__, head],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.strip() == updates.digest(head)
