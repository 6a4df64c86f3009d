import numpy as np

from sora.explanation.certainty import log_odds
from sora.explanation.occlusion import Seen, features_of, occlusion
from sora.explanation.places import WHOLE, Places
from sora.explanation.regions import coverage

T, G, M = 3, 4, 5
RNG = np.random.default_rng(0)


def seen():
    maps = tuple(RNG.normal(size=(T, 6, size, size)).astype(np.float32) for size in (4, 2))
    return Seen((maps, maps[::-1]), RNG.normal(size=(T, M)).astype(np.float32))


def pooled(maps):
    return np.concatenate([each.mean(axis=(2, 3)) for each in maps], axis=1)


def test_a_sum_of_parts_is_shared_out_among_them_exactly():
    """What is linear has one true answer: what each part adds, by itself or in company."""
    clean, filled = seen(), seen()
    places = Places(G, (WHOLE, WHOLE), coverage(1, G).repeat(M, axis=0))
    weights = RNG.normal(size=(T, 24 + M))
    found = occlusion(clean, filled, places, pooled, lambda features: float((weights * features).sum()))
    change = features_of(clean, pooled) - features_of(filled, pooled)
    np.testing.assert_allclose(found.moments, (weights * change).sum(axis=1), atol=1e-4)
    np.testing.assert_allclose(found.cells.sum(axis=(1, 2)), found.moments, atol=1e-4)
    # The cell at the top left: a sixteenth of the finer map, and a quarter of a quarter of the coarser one.
    pairs = zip((m for ms in clean.maps for m in ms), (m for ms in filled.maps for m in ms), strict=True)
    corners = [(ours[:, :, 0, 0] - theirs[:, :, 0, 0]) / 16 for ours, theirs in pairs]
    parts = np.concatenate([*corners, (clean.descriptors - filled.descriptors) / 16], axis=1)
    np.testing.assert_allclose(found.cells[:, 0, 0], (weights * parts).sum(axis=1), atol=1e-4)


def test_evidence_that_comes_twice_counts_although_one_would_do():
    """The greater of two moments decides: hiding one of two equal ones changes nothing."""
    ones = Seen((), np.ones((2, 1), np.float32))
    zeros = Seen((), np.zeros((2, 1), np.float32))
    places = Places(1, (), np.ones((1, 1), np.float32))
    found = occlusion(ones, zeros, places, pooled, lambda features: float(features.max()))
    np.testing.assert_allclose(found.moments, 0.5)


def test_log_odds_do_not_end_where_probabilities_do():
    sure = np.array([1.0, 1e-6, 2e-6], np.float32)
    surer = np.array([1.0, 1e-7, 2e-7], np.float32)
    assert log_odds(surer, 0, several_labels=False) > log_odds(sure, 0, several_labels=False) > 12
    np.testing.assert_allclose(log_odds(np.array([0.2, 0.9]), 1, several_labels=True), np.log(9))
    assert np.isfinite(log_odds(np.array([0.0, 1.0]), 0, several_labels=False))
