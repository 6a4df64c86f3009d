import numpy as np
import pytest
from toy_videos import classifier, videos

from sora.compression.correction import corrected_head
from sora.errors import SoraError

TRAIN, TEST = videos(24).features, videos(12, seed=1).features


@pytest.mark.parametrize("head", ["mean_std", "mean"])
def test_a_change_of_scale_is_undone(head):
    head = classifier(head)
    corrected = corrected_head(head, TRAIN, TRAIN * 0.8 + 3)
    for found, expected in zip(corrected(TEST * 0.8 + 3), head(TEST), strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-3)


def test_noise_makes_the_head_trust_columns_less_but_does_not_turn_them_round():
    noise = np.random.default_rng(0).normal(0, 30, TRAIN.shape).astype(np.float32)
    head = classifier("mean")
    stds = [
        layer.get_layer("scaled").get_weights()[1] for layer in (head, corrected_head(head, TRAIN, noise))
    ]
    np.testing.assert_allclose(stds[1], 2 * stds[0], rtol=1e-5)


def test_features_of_other_videos_are_refused():
    with pytest.raises(SoraError, match="expected equal shapes"):
        corrected_head(classifier(), TRAIN, TRAIN[:3])
