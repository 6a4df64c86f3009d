import numpy as np
import pytest
from toy_videos import classifier, videos

from sora.errors import SoraError
from sora.networks.growth import summaries_of, with_linear_end
from sora.networks.temperature import logits_of, with_temperature


@pytest.mark.parametrize("head", ["mean_std", "gru"])
def test_a_copy_has_another_linear_end_and_the_parent_stays(head):
    parent, rng = classifier(head, embedding_size=8), np.random.default_rng(0)
    normalisation = parent.get_layer("embedding_normalisation")
    normalisation.set_weights([rng.uniform(0.5, 2, 8) for _ in range(4)])
    features, before = videos(9).features, [array.copy() for array in parent.get_weights()]
    summaries = summaries_of(parent, features)
    kernel, bias = rng.normal(size=(summaries.shape[1], 5)), rng.normal(size=5)
    grown = with_linear_end(with_temperature(parent, 3.0), kernel, bias)
    logits = summaries @ kernel + bias
    np.testing.assert_allclose(logits_of(grown, features), logits, rtol=1e-3, atol=1e-3)
    probabilities, embedding = grown.predict(features, verbose=0)
    wanted = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(probabilities, wanted, rtol=1e-2, atol=1e-4)
    np.testing.assert_allclose(np.linalg.norm(embedding, axis=1), 1, rtol=1e-5)
    grown.set_weights([array + 1 for array in grown.get_weights()])
    for one, other in zip(parent.get_weights(), before, strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_end_that_is_there_changes_nothing():
    parent, features = classifier(embedding_size=8), videos(9).features
    summaries, logits = summaries_of(parent, features), logits_of(parent, features)
    (vectors,) = parent.get_layer("embedding_vector").get_weights()
    gain = 1 / np.sqrt(1 + parent.get_layer("embedding_normalisation").epsilon)
    kernel, bias = parent.get_layer("logits").get_weights()
    grown = with_linear_end(parent, vectors * gain @ kernel.astype(np.float64), bias)
    np.testing.assert_allclose(logits_of(grown, features), logits, atol=1e-4)
    np.testing.assert_allclose(grown.get_layer("embedding_vector").get_weights()[0], vectors, atol=1e-5)
    assert summaries.shape == (9, len(vectors))


def test_more_labels_than_the_embedding_can_hold_are_refused():
    with pytest.raises(SoraError, match="an embedding of 8 numbers cannot learn to hold 9 labels; raise"):
        with_linear_end(classifier(embedding_size=8), np.zeros((36, 9)), np.zeros(9))
