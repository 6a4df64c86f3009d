from dataclasses import replace

import keras
import numpy as np
import pytest
from toy_videos import ADAMW, plan

from sora.errors import SoraError
from sora.networks.backbones import frame_feature_network, split_at_unit
from sora.networks.clip_models import (
    FrozenOutputs,
    clip_classifier,
    freeze_normalisations,
    mean_head,
    split_for_export,
)
from sora.networks.determinism import make_deterministic
from sora.networks.residual import residual_network
from sora.training.checkpoints import Checkpoint, FitState
from sora.training.end_to_end import Clips, fit_end_to_end

T, PX, C = 4, 16, 2
PLAN = plan(epochs=4, patience=20, optimizer=replace(ADAMW, weight_decay=0.0, clip_norm=1.0))


def build(**options):
    make_deterministic(0)
    network = residual_network(
        image_size_px=PX, num_blocks=(1, 1), widths=(4, 8), taps=(2,), fusion="concatenate", num_frames=T
    )
    head = mean_head(num_frames=T, num_features=8, num_classes=C, embedding_size=4, dropout=0.2, **options)
    return clip_classifier(network, head, T, takes_pixels=True)


def moving_clips(num_clips, seed=0):
    """A bright square that goes right, or left, over noise: no single frame tells which."""
    rng = np.random.default_rng(seed)
    clips = rng.integers(0, 60, (num_clips, T, PX, PX, 3), np.uint8)
    for i, clip in enumerate(clips):
        top, places = rng.integers(0, 10), (1, 4, 7, 10)
        for frame, left in zip(clip, places if i % 2 else places[::-1], strict=True):
            frame[top : top + 5, left : left + 5] = 255
    targets = np.eye(C, dtype=np.float32)[np.arange(num_clips) % 2]
    return Clips(lambda index, view: clips[index], targets)


def arrays(clips):
    return np.stack([clips.read(i, 0) for i in range(len(clips.targets))])


def test_the_direction_of_movement_is_learnt():
    model = build()
    rows = fit_end_to_end(model, moving_clips(48), None, replace(PLAN, epochs=25))
    unseen = moving_clips(20, seed=1)
    probabilities, embedding = model.predict(arrays(unseen), verbose=0)
    assert (probabilities.argmax(1) == unseen.targets.argmax(1)).mean() >= 0.9
    np.testing.assert_allclose(np.linalg.norm(embedding, axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)
    assert [row["epoch"] for row in rows] == list(range(1, 26))
    assert rows[-1]["loss"] < rows[0]["loss"]


def test_the_parts_for_export_give_what_the_whole_gives():
    model, clips = build(), moving_clips(3)
    fit_end_to_end(model, clips, None, replace(PLAN, epochs=1))
    backbone, head = split_for_export(model)
    images = ((arrays(clips) - 127.0) / 128).astype(np.float32)
    features = np.stack([backbone(clip, training=False) for clip in images])
    assert features.shape == (3, T, 8)
    expected = model(arrays(clips), training=False)
    for received, wanted in zip(head(features, training=False), expected, strict=True):
        np.testing.assert_allclose(received, wanted, atol=1e-5)


def test_several_labels_have_probabilities_of_their_own():
    model, clips = build(multi_label=True), moving_clips(8)
    both = Clips(clips.read, np.ones((8, C), np.float32))
    fast = replace(PLAN, epochs=60, optimizer=replace(PLAN.optimizer, learning_rate=0.1))
    fit_end_to_end(model, both, None, fast, multi_label=True)
    assert model.predict(arrays(clips), verbose=0)[0].sum(axis=1).mean() > 1.5


class KilledError(Exception):
    pass


def test_a_training_that_was_stopped_goes_on_to_the_same_weights(tmp_path):
    train, val = moving_clips(20), moving_clips(6, seed=1)
    undisturbed = build()
    expected = fit_end_to_end(undisturbed, train, val, PLAN)

    def stop(row):
        if row["epoch"] == 2:
            raise KilledError

    checkpoint = Checkpoint(tmp_path / "state.npz", "this training")
    with pytest.raises(KilledError):
        fit_end_to_end(build(), train, val, PLAN, checkpoint=checkpoint, on_epoch=stop)
    resumed = build()
    assert fit_end_to_end(resumed, train, val, PLAN, checkpoint=checkpoint) == expected
    for got, wanted in zip(resumed.get_weights(), undisturbed.get_weights(), strict=True):
        np.testing.assert_array_equal(got, wanted)
    assert not checkpoint.path.exists()


def test_the_best_epoch_comes_back():
    train, val = moving_clips(16), moving_clips(6, seed=1)
    wrong = Clips(val.read, 1 - val.targets)  # the better the training, the worse
    model = build()
    rows = fit_end_to_end(model, train, wrong, replace(PLAN, epochs=30, patience=3))
    losses = [row["val_loss"] for row in rows]
    assert len(rows) == int(np.argmin(losses)) + 1 + 3 < 30
    probabilities = model.predict(arrays(val), verbose=0)[0]
    smoothed = keras.losses.CategoricalCrossentropy(label_smoothing=0.1)
    assert float(smoothed(wrong.targets, probabilities)) == pytest.approx(min(losses), abs=1e-4)


def test_every_epoch_sees_another_view():
    clips, seen = moving_clips(4), []

    def read(index, view):
        seen.append((index, view))
        return clips.read(index, view)

    fit_end_to_end(build(), Clips(read, clips.targets, num_views=2), clips, replace(PLAN, epochs=3))
    assert sorted(seen) == sorted([(i, view) for view in (0, 1, 0) for i in range(4)])


def test_a_checkpoint_of_another_training_is_passed_over_and_a_damaged_one_refused(tmp_path):
    path, clips, plan = tmp_path / "state.npz", moving_clips(4), replace(PLAN, epochs=2)
    other = FitState([{"epoch": 1, "val_loss": None}], [np.zeros(3)], [], [])
    Checkpoint(path, "another training").save(other)
    mine = Checkpoint(path, "this training")
    assert fit_end_to_end(build(), clips, None, plan, checkpoint=mine) == fit_end_to_end(
        build(), clips, None, plan
    )
    path.write_bytes(b"PK")
    with pytest.raises(SoraError, match=r"state\.npz: this checkpoint cannot be read .*; remove it"):
        fit_end_to_end(build(), clips, None, plan, checkpoint=mine)


def test_a_loss_that_is_not_a_number_is_told():
    broken = Clips(lambda *_: np.full((T, PX, PX, 3), np.nan, np.float32), np.eye(2, dtype=np.float32))
    with pytest.raises(SoraError, match="epoch 1 is not a number; lower the learning rate"):
        fit_end_to_end(build(), broken, None, PLAN)


def test_fine_tuning_changes_the_last_units_only_and_no_averages():
    network = frame_feature_network("efficientnet_lite0", 33, blocks=("mean",))
    frozen, tuned = split_at_unit(network, "efficientnet_lite0", 1)
    freeze_normalisations(tuned)
    before = {weight.path: np.array(weight) for weight in network.weights}
    rng = np.random.default_rng(0)
    clips = rng.integers(0, 256, (4, T, 33, 33, 3), np.uint8)
    head = mean_head(num_frames=T, num_features=1280, num_classes=C, embedding_size=4, dropout=0.0)
    outputs = FrozenOutputs(frozen, lambda index, view: clips[index])
    model = clip_classifier(tuned, head, T, takes_pixels=False)
    fit_end_to_end(model, Clips(outputs, np.eye(C, dtype=np.float32)[[0, 1, 0, 1]]), None, PLAN)
    changed = {weight.path for weight in network.weights if (np.array(weight) != before[weight.path]).any()}
    assert {path.split("/")[-2] for path in changed} == {
        *(f"stage7_block1_{part}" for part in ("expand", "depthwise", "project")),
        "head",
    }
    images = ((clips[0] - 127.0) / 128).astype(np.float32)
    whole = head(network(images, training=False)[None], training=False)[0]
    np.testing.assert_allclose(whole, model(outputs(0, 0)[None], training=False)[0], atol=1e-5)


def test_measures_are_those_of_all_clips_not_of_the_last_batch():
    train, val = moving_clips(12), moving_clips(20)  # batches of 8, 8 and 4
    model = build()
    row = fit_end_to_end(model, train, val, replace(PLAN, epochs=1))[0]
    arrays = np.stack([val.read(i, 0) for i in range(20)])
    probabilities = np.asarray(model(arrays, training=False)[0])
    right = probabilities.argmax(axis=1) == val.targets.argmax(axis=1)
    assert row["val_accuracy"] == pytest.approx(right.mean())
    smoothed = val.targets * 0.9 + 0.1 / val.targets.shape[1]
    expected = -(smoothed * np.log(probabilities)).sum(axis=1).mean()
    assert row["val_loss"] == pytest.approx(expected, rel=1e-4)
