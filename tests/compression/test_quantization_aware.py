import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from toy_videos import classifier, videos

from sora.compression.quantization_aware import TuningPlan, as_int8, rescaled_head, tuned_head
from sora.errors import SoraError

TRAIN = videos(24).features


def coarse(features: np.ndarray) -> np.ndarray:
    """What a backbone of few bits might give: rounded, and shifted."""
    return (np.round(features / 2) * 2 * 0.9 + 0.8).astype(np.float32)


def error(head, features, answers):
    return sum(float(np.square(a - b).mean()) for a, b in zip(head(features), answers, strict=True))


def test_a_tuned_head_answers_coarse_features_as_it_did_exact_ones():
    head = classifier()
    answers = [np.asarray(answer) for answer in head(TRAIN)]
    before = [weight.copy() for weight in head.get_weights()]
    tuned = tuned_head(head, coarse(TRAIN), answers, TuningPlan(8, 8, 0.01))
    assert error(tuned, coarse(TRAIN), answers) < 0.5 * error(head, coarse(TRAIN), answers)
    for name in ("logits", "embedding_vector"):
        kernel = tuned.get_layer(name).get_weights()[0]
        np.testing.assert_allclose(as_int8(kernel), kernel, atol=1e-6)
    for now, weight in zip(head.get_weights(), before, strict=True):
        np.testing.assert_array_equal(now, weight)


@given(st.integers(1, 6), st.integers(1, 6), st.floats(1e-3, 1e3))
def test_rounding_is_to_127_steps_of_each_output(num_inputs, num_outputs, size):
    kernel = np.random.default_rng(0).normal(0, size, (num_inputs, num_outputs))
    rounded, largest = as_int8(kernel), np.abs(kernel).max(axis=0)
    assert (np.abs(rounded - kernel) <= largest / 127 / 2 * 1.001).all()
    np.testing.assert_allclose(as_int8(rounded), rounded, rtol=1e-9)


def test_a_rescaled_head_undoes_a_change_of_scale():
    head = classifier()
    rescaled = rescaled_head(head, TRAIN, TRAIN * 0.8 + 3)
    for found, expected in zip(rescaled(TRAIN * 0.8 + 3), head(TRAIN), strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-3)


def test_answers_to_other_videos_are_refused():
    with pytest.raises(SoraError, match="answers to 24 videos"):
        tuned_head(classifier(), TRAIN, [np.zeros((3, 3))], TuningPlan(1, 8, 0.01))
