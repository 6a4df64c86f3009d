import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sora.training.fusion import (
    fitted_fusion,
    fitted_weights,
    fusion_sources,
    fusion_ways,
    inner_figures,
    probabilities_of,
)
from sora.training.measures import logit_loss


def scores_of(strength, targets, seed):
    """One candidate whose right answers stand out from noise by ``strength``."""
    noise = np.random.default_rng(seed).normal(size=targets.shape)
    return (strength * targets + noise)[None]


def one_hot(num_rows=200, num_classes=4):
    return np.eye(num_classes)[np.arange(num_rows) % num_classes]


@pytest.mark.parametrize("several_labels", [False, True])
def test_noise_gets_no_weight_and_the_better_block_more(several_labels):
    targets = one_hot()
    scores = {
        "good": scores_of(4, targets, 0),
        "fair": scores_of(2, targets, 1),
        "noise": scores_of(0, targets, 2),
    }
    if several_labels:
        scores = {name: each - 2 for name, each in scores.items()}
    fusion = fitted_fusion(scores, targets, [tuple(scores)], several_labels=several_labels)
    assert fusion.shares["good"] > fusion.shares["fair"] > 0.1
    assert fusion.shares["noise"] < 0.03
    assert sum(fusion.shares.values()) == pytest.approx(1)


@given(st.integers(0, 1000), st.floats(0.01, 100))
def test_the_scale_of_scores_does_not_matter(seed, scale):
    targets = one_hot(60)
    scores = {"a": scores_of(2, targets, seed), "b": scores_of(1, targets, seed + 1)}
    scaled = {"a": scale * scores["a"], "b": scores["b"]}
    logits = [
        fitted_fusion(s, targets, [("a", "b")], several_labels=False).logits(s) for s in (scores, scaled)
    ]
    a, b = (probabilities_of(each, several_labels=False) for each in logits)
    np.testing.assert_allclose(a, b, atol=1e-3)


def test_each_block_speaks_through_its_best_candidate():
    targets = one_hot()
    several = np.concatenate([scores_of(1, targets, 0), scores_of(3, targets, 1), scores_of(2, targets, 2)])
    fusion = fitted_fusion({"a": several}, targets, [("a",)], several_labels=False)
    assert fusion.choices == {"a": 1}
    np.testing.assert_allclose(fusion.logits({"a": several}), fusion.weights["a"] * several[1])


def test_the_better_way_is_taken():
    targets = one_hot()
    scores = {"a": scores_of(1, targets, 0), "b": scores_of(1, targets, 1), "a+b": scores_of(5, targets, 2)}
    ways = fusion_ways(("a", "b"), "auto")
    assert fitted_fusion(scores, targets, ways, several_labels=False).shares == {"a+b": 1}
    scores["a+b"] = scores_of(0.5, targets, 2)
    assert set(fitted_fusion(scores, targets, ways, several_labels=False).shares) == {"a", "b"}


def test_ways_and_sources():
    assert fusion_sources(("a", "b"), "late") == {"a": ("a",), "b": ("b",)}
    assert fusion_sources(("a", "b"), "auto") == {"a": ("a",), "b": ("b",), "a+b": ("a", "b")}
    assert fusion_ways(("a", "b"), "late") == [("a", "b")]
    assert fusion_ways(("a", "b"), "concatenate") == [("a+b",)]


def test_where_nothing_helps_all_blocks_count_the_same():
    targets = one_hot()
    wrong = {"a": -3 * targets[None], "b": -2 * targets[None]}
    fusion = fitted_fusion(wrong, targets, [("a", "b")], several_labels=False)
    assert fusion.weights == {"a": 0, "b": 0}
    assert fusion.shares == {"a": 0.5, "b": 0.5}


def test_weights_are_the_least_of_log_loss():
    targets = one_hot()
    logits = np.stack([scores_of(2, targets, 0)[0], scores_of(1, targets, 1)[0]])
    best = fitted_weights(logits, targets, several_labels=False)

    def loss(weights):
        return logit_loss(np.tensordot(weights, logits, axes=1), targets, several_labels=False)

    grid = [loss((a, b)) for a in np.linspace(0, 5, 26) for b in np.linspace(0, 5, 26)]
    assert loss(best) < min(grid) + 0.01  # what the ridge may cost


def test_figures_are_not_flattered_by_choosing_among_noise():
    targets = one_hot(120, 6)
    scores = {"a": np.random.default_rng(0).normal(size=(300, 120, 6))}
    folds = np.arange(120) // 6 % 5
    fusion = fitted_fusion(scores, targets, [("a",)], several_labels=False)
    chosen = logit_loss(fusion.logits(scores), targets, several_labels=False)
    found = inner_figures(scores, targets, [("a",)], folds, several_labels=False)
    assert chosen < np.log(6) - 0.02
    assert found.log_loss > np.log(6)
    assert found.accuracy < 0.23
