import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import fit_jobs
import keras
import numpy as np
import pytest
import tensorflow as tf
from toy_videos import ADAMW, COSINE, classifier, plan, videos

from sora.errors import SoraError
from sora.training.epochs import Examples
from sora.training.fit_classifier import fit_classifier

TESTS = Path(__file__).parents[1]
KEYS = ["epoch", "loss", "accuracy", "val_loss", "val_accuracy", "learning_rate"]


def fit(model, val=None, num_videos=30, checkpoints=None, on_epoch=None, **changes):
    train = videos(num_videos)
    return fit_classifier(
        model, train, val or videos(0), plan(**changes), checkpoints=checkpoints, on_epoch=on_epoch
    ).rows


def accuracy(model):
    test = videos(60, seed=2)
    return np.mean(model.predict(test.features, verbose=0)[0].argmax(axis=1) == test.targets.argmax(axis=1))


def same_bits(some, others):
    return all(a.tobytes() == b.tobytes() for a, b in zip(some, others, strict=True))


def test_training_learns_and_tells_of_each_epoch():
    model, seen = classifier(), []
    # With 30 videos for 36 mostly noisy statistics it would learn the noise.
    rows = fit(model, val=videos(30, seed=1), num_videos=240, batch_size=16, epochs=8, on_epoch=seen.append)
    assert accuracy(model) > 0.9
    assert rows == seen
    assert list(rows[0]) == KEYS
    assert rows[-1]["learning_rate"] < rows[3]["learning_rate"] <= 0.01


@pytest.mark.parametrize(
    ("optimizer", "changes"),
    [
        ("sgd", {"loss": "mse", "nesterov": True}),
        ("rmsprop", {"loss": "binary_cross_entropy"}),
        ("adam", {"mixup": 0.2, "clip_norm": 1.0}),
        ("adamw", {"schedule": replace(COSINE, kind="plateau")}),
    ],
)
def test_every_optimizer_and_loss_learns(optimizer, changes):
    own = {key: changes.pop(key) for key in ("nesterov", "clip_norm") if key in changes}
    rate = 0.2 if optimizer == "sgd" else 0.01
    model = classifier()
    mover = replace(ADAMW, kind=optimizer, learning_rate=rate, **own)
    rows = fit(
        model, val=videos(30, seed=1), num_videos=240, batch_size=16, epochs=6, optimizer=mover, **changes
    )
    assert accuracy(model) > 0.85
    assert rows[-1]["loss"] < rows[0]["loss"]


def test_class_weights_help_the_rare_label():
    many, rare = videos(300), videos(300, seed=4)
    is_rare = many.targets[:, 0] == 1
    kept = ~is_rare | (np.arange(300) % 30 == 0)
    blurred = many.features[kept] + np.random.default_rng(0).normal(0, 6, (kept.sum(), 1, 18)).astype("f")
    train = Examples(blurred, many.targets[kept])

    def mean_probability_of_the_rare(class_weights):
        model = classifier("mean", train)
        fit_classifier(model, train, videos(0), plan(epochs=3, class_weights=class_weights))
        return model.predict(rare.features[rare.targets[:, 0] == 1], verbose=0)[0][:, 0].mean()

    assert mean_probability_of_the_rare(True) > mean_probability_of_the_rare(False) + 0.1


def test_training_twice_gives_the_same_bits():
    def trained():
        model = classifier("gru")
        return fit(model, val=videos(9, seed=1), epochs=2, refit=True, mixup=0.2), model.get_weights()

    (rows, weights), (other_rows, other_weights) = trained(), trained()
    assert rows == other_rows
    assert same_bits(weights, other_weights)


def test_early_stopping_brings_the_best_weights_back():
    val = videos(12, seed=1)
    val = Examples(val.features, np.roll(val.targets, 1, axis=1))  # the better the training, the worse
    model = classifier(l2=0.0)
    rows = fit(model, val=val, patience=3)
    losses = [row["val_loss"] for row in rows]
    assert len(rows) == int(np.argmin(losses)) + 1 + 3 < 20
    loss = keras.losses.CategoricalCrossentropy(label_smoothing=0.1)
    found = loss(val.targets, model.predict(val.features, verbose=0)[0])
    assert float(found) == pytest.approx(min(losses), abs=1e-5)


def test_refit_is_a_fit_of_all_videos_for_the_best_number_of_epochs():
    constant = replace(COSINE, kind="constant", warmup_share=0)
    train, val, model = videos(30), videos(9, seed=1), classifier()
    rows = fit(model, val=val, epochs=5, refit=True, schedule=constant)
    searched = [row for row in rows if row["val_loss"] is not None]
    best = min(searched, key=lambda row: row["val_loss"])["epoch"]
    assert [row["epoch"] for row in rows[len(searched) :]] == list(range(1, best + 1))
    both = Examples(
        np.concatenate([train.features, val.features]), np.concatenate([train.targets, val.targets])
    )
    other = classifier()
    fit_classifier(other, both, videos(0), plan(epochs=best, schedule=constant))
    assert same_bits(model.get_weights(), other.get_weights())


def test_without_validation_all_epochs_are_trained():
    rows = fit(classifier(), epochs=5, patience=1)
    assert [row["epoch"] for row in rows] == [1, 2, 3, 4, 5]
    assert {row["val_loss"] for row in rows} == {None}


@pytest.fixture(scope="module")
def undisturbed():
    return fit_jobs.run()


def saved(folder):
    return (folder / "search.npz").stat().st_mtime_ns


def test_a_fit_that_was_killed_goes_on_to_the_same_weights(undisturbed, tmp_path):
    environment = {**os.environ, "PYTHONPATH": f"{TESTS.parent}{os.pathsep}{TESTS}"}
    command = [sys.executable, str(TESTS / "fit_jobs.py"), str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as child:
        for line in child.stdout:
            if line == "3\n":
                child.kill()
    assert child.returncode == -signal.SIGKILL
    assert (tmp_path / "search.npz").exists()
    seen = []
    rows, weights = fit_jobs.run(tmp_path, lambda row: seen.append((row, saved(tmp_path))))
    assert seen[2][1] == seen[0][1]  # the first rows come from the checkpoint
    assert rows == [row for row, _ in seen] == undisturbed[0]
    assert same_bits(weights, undisturbed[1])
    assert list(tmp_path.glob("*.npz")) == []


def test_a_refit_that_was_stopped_goes_on_without_another_search(undisturbed, tmp_path):
    def stop(row):
        if row["val_loss"] is None and row["epoch"] == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit_jobs.run(tmp_path, stop)
    searched = (tmp_path / "search.npz").read_bytes()
    with pytest.raises(KeyboardInterrupt):
        fit_jobs.run(tmp_path, stop)
    assert (tmp_path / "search.npz").read_bytes() == searched
    rows, weights = fit_jobs.run(tmp_path)
    assert rows == undisturbed[0]
    assert same_bits(weights, undisturbed[1])


def test_another_fit_starts_anew_and_a_damaged_checkpoint_is_named(tmp_path):
    seen = []

    def stop(row):
        seen.append(row["epoch"])
        raise KeyboardInterrupt

    for changes in ({}, {"seed": 4}, {"num_videos": 31}, {"mixup": 0.1}):
        with pytest.raises(KeyboardInterrupt):
            fit(classifier(), checkpoints=tmp_path, on_epoch=stop, **changes)
    assert seen == [1, 1, 1, 1]
    (tmp_path / "search.npz").write_bytes(b"PK")
    with pytest.raises(SoraError, match=r"search\.npz: this checkpoint cannot be read"):
        fit(classifier(), checkpoints=tmp_path)


def test_a_loss_that_is_not_a_number_says_where():
    features = videos(30).features
    features[0] = np.nan
    train = Examples(features, videos(30).targets)
    with pytest.raises(
        SoraError, match=r"loss of epoch 1, step \d of 4, .* lower train\.optimizer\.learning_rate"
    ):
        fit_classifier(classifier(), train, videos(0), plan())


def test_a_fit_that_goes_wrong_later_keeps_the_last_good_state(monkeypatch, tmp_path):
    def endless(plan, highest, step, *others):
        return np.inf if step == 9 else highest

    monkeypatch.setattr("sora.training.fit_loop.learning_rate", endless)
    model = classifier()
    before = model.get_weights()
    kept = r"loss of epoch 3, step 3 of 4, .* \(the state after epoch 2 is kept in .*search\.npz\)"
    with pytest.raises(SoraError, match=kept):
        fit(model, checkpoints=tmp_path)
    assert same_bits(model.get_weights(), before)


def test_bad_plans_are_refused():
    with pytest.raises(SoraError, match="mixed_precision: expected a GPU"):
        fit(classifier(), mixed_precision=True)
    with pytest.raises(SoraError, match="expected at least 2 training videos, got 1"):
        fit(classifier(), num_videos=1)
    with pytest.raises(SoraError, match="plateau needs validation videos"):
        fit(classifier(), schedule=replace(COSINE, kind="plateau"))
    with pytest.raises(SoraError, match="cross_entropy is for one label a video"):
        fit(classifier(multi_label=True), loss="cross_entropy")


def test_too_little_memory_says_what_to_lower(monkeypatch):
    def exhausted(*arguments, **options):
        raise tf.errors.ResourceExhaustedError(None, None, "out of memory")

    monkeypatch.setattr(keras.Model, "fit", exhausted)
    with pytest.raises(SoraError, match=r"not enough memory; lower train\.batch_size"):
        fit(classifier())


@pytest.mark.slow
def test_two_devices_share_each_batch():
    job = (
        "import numpy as np, tensorflow as tf\n"
        "one = tf.config.LogicalDeviceConfiguration()\n"
        "tf.config.set_logical_device_configuration(tf.config.list_physical_devices('CPU')[0], [one, one])\n"
        "from toy_videos import classifier, plan, videos\n"
        "from sora.training.fit_classifier import fit_classifier\n"
        "model = classifier(dropout=0.0)\n"
        "two = ['CPU:0', 'CPU:1']\n"
        "shared = plan(batch_size=32, epochs=6)\n"
        "rows, *_ = fit_classifier(model, videos(240), videos(30, 1), shared, devices=two)\n"
        "test = videos(60, seed=2)\n"
        "found = model.predict(test.features, verbose=0)[0].argmax(axis=1)\n"
        "print(np.mean(found == test.targets.argmax(axis=1)), rows[-1]['val_loss'])\n"
    )
    environment = {**os.environ, "PYTHONPATH": f"{TESTS.parent}{os.pathsep}{TESTS}"}
    command = [sys.executable, "-c", job]
    output = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True).stdout
    found, val_loss = map(float, output.split())
    alone = fit(classifier(dropout=0.0), val=videos(30, 1), num_videos=240, batch_size=32, epochs=6)
    assert found > 0.8
    assert val_loss == pytest.approx(alone[-1]["val_loss"], rel=0.1)
