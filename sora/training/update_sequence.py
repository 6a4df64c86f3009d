"""The update of a head over time: what it sees in a video stays, what follows from that is found anew."""

import keras
import numpy as np

from sora.networks.growth import summaries_of, with_linear_end
from sora.networks.heads import is_multi_label
from sora.networks.temperature import logits_of
from sora.training.linear_classifiers import Candidate, Weights, fit_weights

_CLOSED_FORM = Candidate("lda", 0.0)


def update_sequence(parent: keras.Model, features: np.ndarray, targets: np.ndarray) -> keras.Model:
    """Return a taught copy of ``parent``, without a temperature.

    The layers that sum a video up keep their weights. The linear end after them is found in closed form, as
    shrunk linear discriminants of the summaries (deep LDA of Hayes & Kanan, "Lifelong Machine Learning with
    Deep Streaming Linear Discriminant Analysis", 2020, here over a reservoir in place of running sums): no
    gradient is taken, so nothing is forgotten on the way, and a new label speaks at the scale of the others.

    Args:
        parent: stays as it is.
        features: float32 (N, T, F) of new videos, and of those that it knows and sees again.
        targets: float32 (N, C), 1 where the video has the label, else 0; C may be more than the parent's.

    Raises:
        SoraError: as ``with_linear_end``.
    """
    from threadpoolctl import threadpool_limits

    several_labels = is_multi_label(parent)
    summaries, said = summaries_of(parent, features).astype(np.float64), logits_of(parent, features)
    with threadpool_limits(1):
        weights = discriminants(summaries, targets, said, several_labels=several_labels)
        return with_linear_end(parent, *weights)


def discriminants(x: np.ndarray, targets: np.ndarray, said: np.ndarray, *, several_labels: bool) -> Weights:
    """Fit linear discriminants to x (N, S) whose scores spread as far as ``said``, logits (N, O) of a parent.

    Discriminants of few videos in many columns are far too sure of those; the parent has learned how sure
    to be.
    """
    found = fit_weights(_CLOSED_FORM, x, targets, several_labels)
    scale = _spread(said, several_labels) / _spread(x @ found.kernel + found.bias, several_labels)
    return Weights(scale * found.kernel, scale * found.bias)


def _spread(logits: np.ndarray, several_labels: bool) -> float:
    if not several_labels:
        logits = logits - logits.mean(axis=1, keepdims=True)
    return float(np.sqrt(np.square(logits, dtype=np.float64).mean()))
