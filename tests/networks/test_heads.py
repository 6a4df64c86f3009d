import json

import keras
import numpy as np
import pytest
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter

from sora.errors import SoraError
from sora.networks.heads import Standardise, TimeStatistics, build_classifier
from sora.networks.model_files import load_model, save_model
from sora.networks.training import fit_classifier, make_deterministic, standardisation

HEADS = ("mean", "gru", "attention")
T, F, M, C = 4, 12, 6, 3


def videos(num_videos, seed=0):
    """Classes differ by the mean of a few columns."""
    rng = np.random.default_rng(seed)
    labels = np.arange(num_videos) % C
    frames = rng.normal(7, 2, (num_videos, T, F)).astype(np.float32)
    frames[np.arange(num_videos), :, labels] += 6
    motion = rng.normal(0, 0.1, (num_videos, T, M)).astype(np.float32)
    return frames, motion, labels


def classifier(head="mean", seed=0, **changes):
    make_deterministic(seed)
    frames, motion, _ = videos(30)
    (frame_mean, frame_std), (motion_mean, motion_std) = standardisation(frames), standardisation(motion)
    options = {
        "num_segments": T,
        "num_frame_features": F,
        "num_motion_features": M,
        "num_classes": C,
        "frame_mean": frame_mean,
        "frame_std": frame_std,
        "motion_mean": motion_mean,
        "motion_std": motion_std,
        "embedding_size": 8,
        "units": 5,
        "dropout": 0.2,
        "l2": 1e-4,
    }
    return build_classifier(head=head, **{**options, **changes})


def fit(model, val=None, num_videos=30, **changes):
    options = {
        "epochs": 20,
        "batch_size": 8,
        "learning_rate": 0.01,
        "weight_decay": 0.001,
        "label_smoothing": 0.1,
        "patience": 20,
        "seed": 3,
    }
    return fit_classifier(model, *videos(num_videos), *(val or videos(0)), **{**options, **changes})


def litert_outputs(model, frames, motion):
    """Give the outputs by their size; the converter numbers them in an order of its own."""

    @tf.function
    def function(frames, motion):
        return model([frames, motion], training=False)

    specs = tf.TensorSpec((1, T, F), name="frames"), tf.TensorSpec((1, T, M), name="motion")
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function.get_concrete_function(*specs)])
    interpreter = Interpreter(model_content=converter.convert())
    interpreter.allocate_tensors()
    for detail in interpreter.get_input_details():
        interpreter.set_tensor(detail["index"], frames if "frames" in detail["name"] else motion)
    interpreter.invoke()
    outputs = [interpreter.get_tensor(detail["index"]) for detail in interpreter.get_output_details()]
    return sorted(outputs, key=lambda output: output.shape)


@pytest.mark.parametrize("head", HEADS)
def test_outputs_are_probabilities_and_unit_vectors(head):
    frames, motion, _ = videos(6)
    model = classifier(head)
    assert model.output_names == ["probabilities", "embedding"]
    probabilities, embedding = model.predict([frames, motion], verbose=0)
    assert probabilities.shape == (6, C)
    assert embedding.shape == (6, 8)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(embedding, axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("head", HEADS)
def test_litert_gives_what_keras_gives_with_built_in_operators(head):
    model = classifier(head)
    fit(model, epochs=1)
    frames, motion, _ = (array[:1] for array in videos(1, seed=5))
    expected = model([frames, motion], training=False)
    outputs = litert_outputs(model, frames, motion)
    np.testing.assert_allclose(outputs[0], expected[0], atol=1e-5)
    np.testing.assert_allclose(outputs[1], expected[1], atol=1e-5)


def test_features_are_standardised_and_clipped():
    layer = Standardise()
    layer.build((None, 2))
    layer.set_weights([np.array([1, 2]), np.array([2, 0.5]), np.array([1, 10])])
    x = np.array([[[3, 2.5], [1001, -1000]]], np.float32)
    np.testing.assert_allclose(layer(x), [[[1, 10], [5, -50]]])
    assert layer.trainable_weights == []


def test_statistics_are_mean_then_deviation_over_time():
    x = np.array([[[1, 5], [3, 5]]], np.float32)
    np.testing.assert_allclose(TimeStatistics()(x), [[2, 5, 1, 0.001]], atol=1e-4)


def test_each_block_of_columns_has_the_same_energy():
    model = classifier(frame_blocks=[(0, 2), (2, 12)])
    gains = np.concatenate([model.get_layer(f"standard_{x}").get_weights()[2] for x in ("frames", "motion")])
    energy = [np.sum(gains[block] ** 2) for block in (slice(0, 2), slice(2, 12), slice(12, 18))]
    np.testing.assert_allclose(energy, 6, rtol=1e-5)


def test_columns_outside_the_blocks_play_no_part():
    model = classifier(frame_blocks=[(0, 2), (5, 12)])
    rng = np.random.default_rng(0)
    frames = rng.normal(size=(3, *model.inputs[0].shape[1:])).astype(np.float32)
    motion = rng.normal(size=(3, *model.inputs[1].shape[1:])).astype(np.float32)
    before = model.predict([frames, motion], verbose=0)[0]
    frames[..., 2:5] += 100
    np.testing.assert_array_equal(model.predict([frames, motion], verbose=0)[0], before)
    frames[..., 6] += 100
    assert np.abs(model.predict([frames, motion], verbose=0)[0] - before).max() > 1e-4


def test_wrong_options_are_named():
    with pytest.raises(SoraError, match="head: expected one of mean, gru, attention, got 'max'"):
        classifier("max")
    with pytest.raises(SoraError, match="frame_blocks: expected ranges within 0 to 12, got"):
        classifier(frame_blocks=[(0, 2), (3, 13)])


def test_standardisation_is_over_videos_and_time():
    features = np.array([[[1, 4], [3, 4]], [[5, 4], [7, 4]]], np.float32)
    mean, std = standardisation(features)
    np.testing.assert_allclose(mean, [4, 4])
    np.testing.assert_allclose(std, [5**0.5, 0.001])
    assert mean.dtype == std.dtype == np.float32


@pytest.mark.parametrize("head", HEADS)
def test_training_learns(head):
    model, seen = classifier(head), []
    # With 30 videos for 36 mostly noisy statistics it would learn the noise.
    rows = fit(model, val=videos(30, seed=1), num_videos=240, batch_size=16, epochs=8, on_epoch=seen.append)
    frames, motion, labels = videos(60, seed=2)
    assert np.mean(model.predict([frames, motion], verbose=0)[0].argmax(axis=1) == labels) > 0.9
    assert rows == seen
    assert list(rows[0]) == ["epoch", "loss", "accuracy", "val_loss", "val_accuracy", "learning_rate"]
    assert rows[-1]["learning_rate"] < rows[3]["learning_rate"] <= 0.01


def test_training_twice_gives_the_same_bits():
    def trained():
        model = classifier("gru")
        return fit(model, val=videos(9, seed=1), epochs=2, refit=True), model.get_weights()

    (rows, weights), (other_rows, other_weights) = trained(), trained()
    assert rows == other_rows
    assert all(a.tobytes() == b.tobytes() for a, b in zip(weights, other_weights, strict=True))


def test_early_stopping_brings_the_best_weights_back():
    frames, motion, labels = videos(12, seed=1)
    val = frames, motion, (labels + 1) % C  # the better the training, the worse
    model = classifier()
    rows = fit(model, val=val, patience=3)
    losses = [row["val_loss"] for row in rows]
    assert len(rows) == int(np.argmin(losses)) + 1 + 3 < 20
    one_hot = keras.utils.to_categorical(val[2], C)
    loss = keras.losses.CategoricalCrossentropy(label_smoothing=0.1)(
        one_hot, model.predict([frames, motion], verbose=0)[0]
    )
    assert float(loss) == pytest.approx(min(losses), abs=0.01)


def test_refit_trains_on_all_videos_for_the_best_number_of_epochs():
    rows = fit(classifier(), val=videos(9, seed=1), epochs=6, refit=True)
    searched = [row for row in rows if row["val_loss"] is not None]
    best = min(searched, key=lambda row: row["val_loss"])["epoch"]
    assert [row["epoch"] for row in rows[len(searched) :]] == list(range(1, best + 1))


def test_without_validation_all_epochs_are_trained():
    rows = fit(classifier(), epochs=5, patience=1)
    assert [row["epoch"] for row in rows] == [1, 2, 3, 4, 5]
    assert {row["val_loss"] for row in rows} == {None}


def test_a_loss_that_is_not_a_number_says_what_to_lower():
    frames, motion, labels = videos(30)
    frames[0] = np.nan
    with pytest.raises(SoraError, match=r"lower train\.learning_rate"):
        fit_classifier(
            classifier(),
            *(frames, motion, labels),
            *videos(0),
            epochs=1,
            batch_size=8,
            learning_rate=0.01,
            weight_decay=0.0,
            label_smoothing=0.0,
            patience=1,
            seed=0,
        )


@pytest.mark.parametrize("head", HEADS)
def test_a_saved_model_predicts_the_same_and_has_the_same_bytes(head, tmp_path):
    model = classifier(head)
    fit(model, epochs=1)
    save_model(model, tmp_path / "a")
    loaded = load_model(tmp_path / "a")
    save_model(loaded, tmp_path / "b")
    frames, motion, _ = videos(3)
    for expected, got in zip(model([frames, motion]), loaded([frames, motion]), strict=True):
        np.testing.assert_array_equal(expected, got)
    for name in ("config.json", "weights.npz"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_only_known_classes_are_loaded(tmp_path):
    save_model(classifier(), tmp_path)
    path = tmp_path / "config.json"
    config = json.loads(path.read_text())
    config["model"]["layers"][-1].update(module="builtins", class_name="eval")
    path.write_text(json.dumps(config))
    with pytest.raises(SoraError, match=r"builtins\.eval is not among"):
        load_model(tmp_path)


def test_files_that_do_not_fit_are_refused(tmp_path):
    save_model(classifier(), tmp_path / "a")
    save_model(classifier("gru"), tmp_path / "b")
    (tmp_path / "b" / "weights.npz").replace(tmp_path / "a" / "weights.npz")
    with pytest.raises(SoraError, match="do not fit"):
        load_model(tmp_path / "a")
    (tmp_path / "a" / "weights.npz").write_bytes(b"PK")
    with pytest.raises(SoraError, match="cannot be read"):
        load_model(tmp_path / "a")
    with pytest.raises(SoraError, match=r"config\.json: cannot be read"):
        load_model(tmp_path / "nowhere")
