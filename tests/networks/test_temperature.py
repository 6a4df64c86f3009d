import keras
import numpy as np
import pytest
from converted import litert_outputs
from keras import layers

from sora.compression.quantization import to_litert
from sora.networks.clip_models import mean_head
from sora.networks.heads import is_multi_label
from sora.networks.model_files import load_model, save_model
from sora.networks.temperature import logits_of, temperature_of, with_temperature
from sora.training.fusion import probabilities_of

FEATURES = np.random.default_rng(0).normal(0, 20, (5, 4, 6)).astype(np.float32)


def head(multi_label: bool) -> keras.Model:
    keras.utils.set_random_seed(0)
    return mean_head(
        num_frames=4, num_features=6, num_classes=3, embedding_size=8, dropout=0.0, multi_label=multi_label
    )


@pytest.mark.parametrize("multi_label", [False, True])
def test_keras_litert_and_a_loaded_model_divide_the_logits(multi_label, tmp_path):
    plain = head(multi_label)
    model = with_temperature(plain, 2.5)
    expected = probabilities_of(logits_of(plain, FEATURES) / 2.5, several_labels=multi_label)
    save_model(model, tmp_path)
    for each in (model, load_model(tmp_path)):
        probabilities, embedding = each.predict(FEATURES, verbose=0)
        np.testing.assert_allclose(probabilities, expected, atol=1e-6)
        np.testing.assert_array_equal(embedding, plain.predict(FEATURES, verbose=0)[1])
        np.testing.assert_array_equal(logits_of(each, FEATURES), logits_of(plain, FEATURES))
        assert temperature_of(each) == 2.5
        assert is_multi_label(each) == multi_label
        assert each.output_names == plain.output_names == ["probabilities", "embedding"]
    content = to_litert(model, "float32")
    for video, wanted in zip(FEATURES, expected, strict=True):
        probabilities, _ = litert_outputs(content, video[None])
        np.testing.assert_allclose(probabilities[0], wanted, atol=1e-6)


def test_decisions_stay():
    plain = head(multi_label=True)
    before, _ = plain.predict(FEATURES, verbose=0)
    for temperature in (0.1, 7.0):
        after, _ = with_temperature(plain, temperature).predict(FEATURES, verbose=0)
        np.testing.assert_array_equal(after >= 0.5, before >= 0.5)
        np.testing.assert_array_equal(after.argmax(axis=1), before.argmax(axis=1))


def test_a_temperature_of_1_is_no_layer_and_other_outputs_stay():
    plain = head(multi_label=False)
    assert with_temperature(plain, 1.0) is plain
    assert temperature_of(plain) == 1
    frames = layers.Softmax(name="frame_probabilities")(plain.input)
    more = keras.Model(plain.input, [*plain.outputs, frames], name="more")
    cooled = with_temperature(more, 3.0)
    assert cooled.output_names == ["probabilities", "embedding", "frame_probabilities"]
    assert cooled.name == "more"
