"""The update of a head that was trained by gradients: new last weights, then a few small steps of all."""

from dataclasses import replace

import keras
import numpy as np
from keras import layers

from sora.networks.determinism import make_deterministic
from sora.networks.growth import with_logits
from sora.networks.heads import is_multi_label, split_at_training
from sora.training.checkpoints import Row
from sora.training.epochs import Examples, balanced_weights
from sora.training.fit_classifier import batches_of
from sora.training.fit_loop import Fit, OnEpoch
from sora.training.fusion import fitted_weights
from sora.training.linear_classifiers import Candidate, Weights, fit_weights
from sora.training.memory import naming_what_to_lower
from sora.training.optimisation import device_strategy, require_half_precision
from sora.training.plan import TrainingPlan

_FIXED_BATCH_SIZE = 16
_CLOSED_FORM = Candidate("lda", 0.0)


def update_by_gradients(
    parent: keras.Model, videos: Examples, plan: TrainingPlan, on_epoch: OnEpoch | None = None
) -> tuple[keras.Model, list[Row]]:
    """Return a taught copy of ``parent``, without a temperature, and one row for each epoch.

    First its last weights are found anew for all labels, in closed form (``last_weights``), so that a label
    that the parent does not know speaks at the scale of the others from the first step on. Then all trainable
    weights go on from where they are. Standardisation, projection and the statistics of batch normalisation
    stay the parent's: those of a few new videos would be noise.

    Args:
        parent: stays as it is.
        videos: new ones, and those that it knows and sees again; labels may be more than the parent's.
        plan: of these epochs.
        on_epoch: called with each row.
    """
    if plan.mixed_precision:
        require_half_precision()
    make_deterministic(plan.seed)
    with naming_what_to_lower("train.batch_size or train.update.reservoir_size"):
        weights = last_weights(parent, videos)
        model = with_logits(parent, *weights)
        _train_normalisation(model, False)
        fixed, trained = split_at_training(model)
        rows = batches_of(fixed, videos, len(trained.outputs))
        if plan.class_weights:
            rows = replace(rows, weights=balanced_weights(videos.targets))
        fit = Fit(trained, rows, None, plan, num_epochs=plan.epochs, strategy=device_strategy())
        history = fit.run(None, on_epoch)
    _train_normalisation(model, True)
    return model, history


def last_weights(parent: keras.Model, videos: Examples) -> Weights:
    """Find the last weights of ``parent`` for these videos in closed form: linear discriminants, scaled."""
    from threadpoolctl import threadpool_limits

    several_labels = is_multi_label(parent)
    last = keras.Model(parent.inputs, parent.get_layer("logits").input)
    x = last.predict(videos.features, batch_size=_FIXED_BATCH_SIZE, verbose=0).astype(np.float64)
    with threadpool_limits(1):
        found = fit_weights(_CLOSED_FORM, x, videos.targets, several_labels)
        scores = x @ found.kernel + found.bias
        (scale,) = fitted_weights(scores[None], videos.targets, several_labels=several_labels)
    return Weights((scale * found.kernel).astype(np.float32), (scale * found.bias).astype(np.float32))


def _train_normalisation(model: keras.Model, wanted: bool) -> None:
    for layer in model.layers:
        if isinstance(layer, layers.BatchNormalization):
            layer.trainable = wanted
