"""Explaining one answer: which moments and which regions of a clip it hangs on. Needs no TensorFlow."""

from typing import NamedTuple

import numpy as np

from sora.explanation.certainty import log_odds
from sora.explanation.maps import SplitBackbone
from sora.explanation.occlusion import Importance, Seen, Value, features_of, occlusion, occlusion_of_moments
from sora.explanation.places import places_in
from sora.explanation.regions import blurred, mixed
from sora.frames.inputs import network_input
from sora.frames.spec import InputSpec
from sora.runtimes import Backbone, Head, segment_features

GRID_CELLS = 7  # as many as the last map of most backbones has, for images of 224 pixels


class Explanation(NamedTuple):
    """What an answer hangs on.

    Attributes:
        label: the place of the label that is explained.
        probability: of that label.
        importance: of moments and of cells of the frame, in log odds of the label.
        clean, filled: features of the clip and of the blurred clip, float32 (T, F).
    """

    label: int
    probability: float
    importance: Importance
    clean: np.ndarray
    filled: np.ndarray


def explain(
    clip: np.ndarray,
    spec: InputSpec,
    backbone: SplitBackbone,
    head: Head,
    *,
    several_labels: bool,
    label: int | None = None,
    grid_cells: int = GRID_CELLS,
) -> Explanation:
    """Explain the answer to a clean clip, uint8 RGB (T * K, S, S, 3), by its maps (``occlusion``).

    The backbone runs twice over the clip, and the head some 100 times a moment.

    Args:
        spec: how the clip becomes network input.
        backbone: of the model, in two halves.
        head: of the model.
        several_labels: whether its probabilities are independent.
        label: the place of the label to explain; None is the most probable one.
        grid_cells: cells of the frame each way.
    """
    seen, hidden = (_seen(shown, spec, backbone) for shown in (clip, blurred(clip)))
    clean, filled = (features_of(each, backbone.features) for each in (seen, hidden))
    chosen, probability = _chosen(head(clean)[0], label)
    value = _value(head, chosen, several_labels=several_labels)
    places = places_in(clip, spec, grid_cells)
    importance = occlusion(seen, hidden, places, backbone.features, value)
    return Explanation(chosen, probability, importance, clean, filled)


def explain_by_pixels(
    clip: np.ndarray,
    spec: InputSpec,
    backbone: Backbone,
    head: Head,
    *,
    several_labels: bool,
    label: int | None = None,
    grid_cells: int = GRID_CELLS,
) -> Explanation:
    """Explain as ``explain`` does, with any backbone, by hiding regions of the clip itself.

    Each region is hidden at all moments at once, so that all moments get the same map. The backbone runs
    ``grid_cells**2 + 2`` times over the clip.
    """
    filled_clip = blurred(clip)

    def features(shown: np.ndarray) -> np.ndarray:
        return segment_features(network_input(shown, spec), backbone)

    clean, filled = features(clip), features(filled_clip)
    chosen, probability = _chosen(head(clean)[0], label)
    value = _value(head, chosen, several_labels=several_labels)
    kept = ~np.eye(grid_cells**2, dtype=bool).reshape(-1, 1, grid_cells, grid_cells)
    certainty = value(clean)
    regions = [certainty - value(features(mixed(clip, filled_clip, without))) for without in kept]
    cells = np.tile(np.reshape(regions, (1, grid_cells, grid_cells)), (len(clean), 1, 1))
    moments = occlusion_of_moments(clean, filled, value)
    return Explanation(chosen, probability, Importance(moments, cells), clean, filled)


def _seen(clip: np.ndarray, spec: InputSpec, backbone: SplitBackbone) -> Seen:
    given = network_input(clip, spec)
    return Seen(tuple(map(backbone.maps, given.images)), given.descriptors)


def _chosen(probabilities: np.ndarray, label: int | None) -> tuple[int, float]:
    chosen = int(probabilities.argmax()) if label is None else label
    return chosen, float(probabilities[chosen])


def _value(head: Head, label: int, *, several_labels: bool) -> Value:
    return lambda features: log_odds(head(features)[0], label, several_labels=several_labels)
