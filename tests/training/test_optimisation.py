import numpy as np
import pytest
from toy_videos import classifier, plan, videos

from sora.training.optimisation import classification_loss, compiled_copy, device_strategy


def expected(loss, y, p, choices):
    y = 0.9 * y + 0.1 / choices
    if loss == "cross_entropy":
        return -np.sum(y * np.log(p), axis=1).mean()
    return np.mean((y - p) ** 2) if loss == "mse" else -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))


@pytest.mark.parametrize(
    ("loss", "multi_label", "choices"),
    [
        ("cross_entropy", False, 3),
        ("binary_cross_entropy", False, 2),
        ("binary_cross_entropy", True, 2),
        ("mse", False, 3),
        ("mse", True, 2),
    ],
)
def test_losses_are_those_of_their_formulas(loss, multi_label, choices):
    examples = videos(9)
    p = classifier(multi_label=multi_label)(examples.features)[0]
    found = classification_loss(plan(loss=loss), multi_label)(examples.targets, p)
    assert float(found) == pytest.approx(expected(loss, examples.targets, np.asarray(p), choices), rel=1e-4)


@pytest.mark.parametrize(("multi_label", "loss"), [(False, "cross_entropy"), (True, "binary_cross_entropy")])
def test_the_loss_is_chosen_by_the_labels(multi_label, loss):
    examples = videos(9)
    p = classifier(multi_label=multi_label)(examples.features)[0]
    losses = [
        float(classification_loss(plan(loss=x), multi_label)(examples.targets, p)) for x in ("auto", loss)
    ]
    assert losses[0] == losses[1]


def test_half_precision_trains_a_copy_whose_weights_stay_whole():
    model = classifier("gru")
    half = compiled_copy(model, plan(mixed_precision=True), False, device_strategy())
    assert half.get_layer("embedding_vector").compute_dtype == "float16"
    assert half.get_layer("probabilities").compute_dtype == "float32"
    assert {array.dtype.name for array in half.get_weights()} == {"float32"}
    features = videos(6).features
    np.testing.assert_allclose(half(features)[0], model(features)[0], atol=0.02)
