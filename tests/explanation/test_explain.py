"""A small real model is explained by what it was taught to look at."""

from functools import partial
from pathlib import Path

import numpy as np
import pytest
from planted_evidence import (
    GRID_CELLS,
    NUM_FEATURES,
    SPEC,
    fitted_weights,
    linear_head,
    planted,
    write_backbone,
)
from scipy.stats import spearmanr

from sora.explanation.curves import summary, video_curves
from sora.explanation.explain import explain, explain_by_pixels
from sora.explanation.maps import split_backbone
from sora.explanation.regions import blurred, mixed
from sora.frames.inputs import network_input
from sora.runtimes import load_backbone, segment_features

CLIPS = [planted(seed) for seed in range(10)]
ANSWER = {"several_labels": False, "grid_cells": GRID_CELLS}


@pytest.fixture(scope="module")
def backbone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_backbone(tmp_path_factory.mktemp("backbone") / "network.onnx")


@pytest.fixture(scope="module")
def head(backbone):
    return linear_head(*fitted_weights(backbone))


def test_the_square_is_found_by_maps(backbone, head):
    for each in CLIPS:
        found = explain(each.clip, SPEC, split_backbone(backbone), head, **ANSWER)
        assert found.label == each.label
        assert found.probability > 0.9
        place = np.unravel_index(found.importance.cells.argmax(), found.importance.cells.shape)
        assert place == (each.moment, each.row, each.column)
        assert found.importance.moments.argmax() == each.moment


def test_the_square_is_found_by_pixels(backbone, head):
    hits = 0
    for each in CLIPS:
        found = explain_by_pixels(each.clip, SPEC, load_backbone(backbone), head, **ANSWER)
        assert found.label == each.label
        cells = found.importance.cells
        np.testing.assert_array_equal(cells, np.broadcast_to(cells[:1], cells.shape))
        hits += divmod(int(cells[0].argmax()), GRID_CELLS) == (each.row, each.column)
        assert found.importance.moments.argmax() == each.moment
    assert hits >= 0.8 * len(CLIPS)  # its soft edges reach into the cells beside


def test_another_label_is_explained_when_asked_for(backbone, head):
    each = CLIPS[0]
    halves = split_backbone(backbone)
    own = explain(each.clip, SPEC, halves, head, **ANSWER)
    other = explain(each.clip, SPEC, halves, head, label=1 - each.label, **ANSWER)
    assert other.probability == pytest.approx(1 - own.probability)
    np.testing.assert_allclose(other.importance.cells, -own.importance.cells, atol=1e-3)


def test_saliency_beats_random_orders(backbone, head):
    halves, network = split_backbone(backbone), load_backbone(backbone)

    def probability(kept, each, filled):
        shown = mixed(each.clip, filled, kept.reshape(-1, GRID_CELLS, GRID_CELLS))
        return float(head(segment_features(network_input(shown, SPEC), network))[0][each.label])

    curves = []
    for number, each in enumerate(CLIPS[:4]):
        asked = partial(probability, each=each, filled=blurred(each.clip))
        cells = explain(each.clip, SPEC, halves, head, **ANSWER).importance.cells
        ends = asked(np.ones(cells.size, bool)), asked(np.zeros(cells.size, bool))
        curves.append(video_curves(cells, asked, ends, num_steps=4, num_random=3, seed=[number]))
    found = summary(curves)
    assert found["deletion"]["saliency_area"] < found["deletion"]["random_area"] - 0.1
    assert found["insertion"]["saliency_area"] > found["insertion"]["random_area"] + 0.1


def test_a_head_of_random_weights_has_other_maps(backbone, head):
    """Adebayo et al., "Sanity checks for saliency maps", 2018: a map that stays shows edges, not reasons."""
    rng, halves = np.random.default_rng(0), split_backbone(backbone)
    kernel, _ = fitted_weights(backbone)
    correlations = []
    for each in CLIPS:
        random = linear_head(rng.normal(0, kernel.std(), (NUM_FEATURES, 2)), np.zeros(2))
        maps = [
            explain(each.clip, SPEC, halves, one, label=each.label, **ANSWER).importance.cells
            for one in (head, random)
        ]
        correlations.append(spearmanr(maps[0].ravel(), maps[1].ravel()).statistic)
    assert np.mean(correlations) < 0.5
