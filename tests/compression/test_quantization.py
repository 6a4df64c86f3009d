import keras
import numpy as np
import pytest
from bundles import NUM_FEATURES, tiny_backbone, tiny_head

from sora.compression.quantization import to_litert
from sora.runtimes import load_backbone, load_head

IMAGES = np.random.default_rng(0).uniform(-1, 1, (8, 64, 64, 3)).astype(np.float32)
SAMPLES = [[image[None]] for image in IMAGES]


@pytest.mark.parametrize(
    ("kind", "tolerance"), [("float32", 1e-5), ("float16", 2e-3), ("dynamic", 2e-2), ("int8", 3e-2)]
)
def test_every_kind_gives_about_what_keras_gives(tmp_path, kind, tolerance):
    path = tmp_path / "tiny.tflite"
    path.write_bytes(to_litert(tiny_backbone(), kind, samples=SAMPLES if kind == "int8" else ()))
    features = load_backbone(path)(IMAGES)
    assert features.dtype == np.float32
    np.testing.assert_allclose(features, np.asarray(tiny_backbone()(IMAGES)), atol=tolerance)


def test_smaller_kinds_are_smaller():
    images = keras.Input((16, 16, 3))
    maps = keras.layers.Conv2D(256, 7)(images)  # weights enough that the file is little else
    network = keras.Model(images, keras.layers.GlobalAveragePooling2D()(maps))
    samples = [[image[None, :16, :16]] for image in IMAGES]
    kinds = ("float32", "float16", "dynamic", "int8")
    float32, *smaller = [len(to_litert(network, kind, samples=samples)) for kind in kinds]
    for size, ratio in zip(smaller, (2, 4, 4), strict=True):
        assert float32 / size == pytest.approx(ratio, rel=0.25)


@pytest.mark.parametrize("kind", ["float16", "int8"])
def test_a_small_head_stays_close(tmp_path, kind):
    features = np.random.default_rng(0).normal(size=(8, 4, NUM_FEATURES)).astype(np.float32)
    path = tmp_path / "head.tflite"
    path.write_bytes(to_litert(tiny_head(), kind, samples=[[video[None]] for video in features]))
    expected = tiny_head()(features[:1])
    probabilities, embedding = load_head(path)(features[0])
    np.testing.assert_allclose(probabilities, expected[0][0], atol=0.03)
    np.testing.assert_allclose(embedding, expected[1][0], atol=0.06)


@pytest.mark.parametrize("activation", ["softmax", "sigmoid"])
@pytest.mark.parametrize("kind", ["float32", "float16"])
def test_outputs_keep_their_order_whichever_is_computed_first(tmp_path, activation, kind):
    features = keras.Input((4, 6))
    pooled = keras.layers.GlobalAveragePooling1D()(features)
    embedding = keras.layers.UnitNormalization()(keras.layers.Dense(3)(pooled))
    for source in (pooled, embedding):
        probabilities = keras.layers.Dense(3, activation=activation)(source)
        model = keras.Model(features, [probabilities, embedding])
        path = tmp_path / "head.tflite"
        path.write_bytes(to_litert(model, kind))
        video = np.random.default_rng(0).normal(size=(4, 6)).astype(np.float32)
        for found, expected in zip(load_head(path)(video), model(video[None]), strict=True):
            np.testing.assert_allclose(found, expected[0], atol=1e-3)


def test_batch_size_is_fixed_in_the_file(tmp_path):
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=to_litert(tiny_backbone(), "float32", batch_size=4))
    assert list(interpreter.get_input_details()[0]["shape"]) == [4, 64, 64, 3]


def test_int8_without_samples_is_refused():
    with pytest.raises(ValueError, match="needs samples"):
        to_litert(tiny_backbone(), "int8")
