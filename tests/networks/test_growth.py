import numpy as np
import pytest
from toy_videos import classifier, videos

from sora.networks.growth import with_logits
from sora.networks.temperature import logits_of, with_temperature


@pytest.mark.parametrize("head", ["mean_std", "gru"])
def test_a_copy_has_other_last_weights_and_the_parent_stays(head):
    parent = classifier(head, embedding_size=8)
    kernel, bias = parent.get_layer("logits").get_weights()
    features, before = videos(9).features, [array.copy() for array in parent.get_weights()]
    wider = np.concatenate([kernel, np.ones((8, 2), np.float32)], axis=1)
    grown = with_logits(with_temperature(parent, 3.0), wider, np.concatenate([bias, [5, 6]]))
    assert grown.get_layer("probabilities").output.shape == (None, 5)
    logits = logits_of(grown, features)
    np.testing.assert_allclose(logits[:, :3], logits_of(parent, features), rtol=1e-5)
    np.testing.assert_allclose(logits[:, 4] - logits[:, 3], 1, rtol=1e-5)
    said = grown.predict(features, verbose=0)
    np.testing.assert_array_equal(said[1], parent.predict(features, verbose=0)[1])
    np.testing.assert_allclose(said[0], np.exp(logits) / np.exp(logits).sum(1, keepdims=True), rtol=1e-4)
    grown.set_weights([array + 1 for array in grown.get_weights()])
    for one, other in zip(parent.get_weights(), before, strict=True):
        np.testing.assert_array_equal(one, other)
