"""Training of a classifier on features held in memory, the same to the last bit on one machine."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

from sora.errors import SoraError
from sora.networks.determinism import make_deterministic
from sora.networks.heads import split_at_training
from sora.networks.temperature import logits_of
from sora.training.checkpoints import Checkpoint, Row, fit_fingerprint
from sora.training.epochs import Batches, Examples, balanced_weights
from sora.training.fit_loop import Fit, OnEpoch
from sora.training.memory import naming_what_to_lower
from sora.training.optimisation import device_strategy, require_half_precision
from sora.training.plan import TrainingPlan, best_epoch

_FIXED_BATCH_SIZE = 16


class ClassifierFit(NamedTuple):
    """What a fit gives.

    Attributes:
        rows: one for each epoch.
        val_logits: (N, C), of the validation videos before any refit; without videos (0, C).
        weights_without_val: of the model before the refit; empty where there was none.
    """

    rows: list[Row]
    val_logits: np.ndarray
    weights_without_val: list[np.ndarray]


def fit_classifier(
    model: keras.Model,
    train: Examples,
    val: Examples,
    plan: TrainingPlan,
    *,
    checkpoints: Path | None = None,
    on_epoch: OnEpoch | None = None,
    devices: Sequence[str] = (),
) -> ClassifierFit:
    """Train ``model`` in place and return one row per epoch, and what it says of validation videos.

    Rows have the keys epoch (from 1), loss, accuracy, val_loss, val_accuracy and learning_rate (of the last
    step). Where videos have several labels the accuracy is that of single yes-or-no answers.

    Training stops when the validation loss has not fallen for ``plan.patience`` epochs and the best weights
    come back. With ``plan.refit`` the model then starts again from its first weights, with training and
    validation videos together, for the best number of epochs on the same schedule; those rows have no
    validation and follow the others. Without validation videos all ``plan.epochs`` are trained.

    Args:
        checkpoints: a folder that gets the state after every epoch. A fit of the same model, videos and plan
            that finds it there goes on from it, and gives the weights of a fit that nothing interrupted. The
            files are removed in the end.
        on_epoch: called with each row; with the rows of a checkpoint first.
        devices: see ``sora.training.optimisation.device_strategy``.

    Raises:
        SoraError: too few videos, no GPU for half precision, a loss that is not a number or that does not fit
            the labels, or not enough memory.
    """
    _require(train, val, plan)
    make_deterministic(plan.seed)
    with naming_what_to_lower("train.batch_size, then train.units or the number of train.blocks"):
        fixed, trained = split_at_training(model)
        job = _Job(model, trained, plan, checkpoints, on_epoch, device_strategy(devices))
        held_out = _batches(fixed, val, len(trained.outputs)) if len(val.targets) else None
        rows = _batches(fixed, train, len(trained.outputs))
        return job.run(rows, held_out, val.features)


@dataclass(frozen=True)
class _Job:
    """A search for the best number of epochs, and the refit that may follow it."""

    model: keras.Model
    trained: keras.Model
    plan: TrainingPlan
    folder: Path | None
    on_epoch: OnEpoch | None
    strategy: tf.distribute.Strategy

    def run(self, train: Batches, val: Batches | None, val_features: np.ndarray) -> ClassifierFit:
        first_weights = self.trained.get_weights()
        rows = self._fit("search", train, val, self.plan.epochs)
        val_logits = logits_of(self.model, val_features) if val else np.empty((0, train.targets[0].shape[-1]))
        weights: list[np.ndarray] = []
        if self.plan.refit and val:
            weights = self.model.get_weights()
            self.trained.set_weights(first_weights)
            losses = [row["val_loss"] for row in rows]
            rows = rows + self._fit("refit", train.joined(val), None, best_epoch(losses) + 1, losses)
        for name in ("search", "refit") if self.folder else ():
            self._file(name).unlink(missing_ok=True)
        return ClassifierFit(rows, val_logits, weights)

    def _fit(
        self,
        name: str,
        train: Batches,
        val: Batches | None,
        num_epochs: int,
        known_losses: Sequence[float] = (),
    ) -> list[Row]:
        if self.plan.class_weights:
            train = replace(train, weights=balanced_weights(train.targets[0]))
        checkpoint = None
        if self.folder:
            decisive = fit_fingerprint(self.model, self.plan, num_epochs, (train, val), known_losses)
            checkpoint = Checkpoint(self._file(name), decisive)
        fit = Fit(
            self.trained,
            train,
            val,
            self.plan,
            num_epochs=num_epochs,
            strategy=self.strategy,
            known_losses=known_losses,
        )
        return fit.run(checkpoint, self.on_epoch)

    def _file(self, name: str) -> Path:
        return Path(self.folder or "") / f"{name}.npz"


def _batches(fixed: keras.Model, videos: Examples, num_outputs: int) -> Batches:
    """Run the layers that never change once, not in every epoch; most of the work lies there."""
    inputs = fixed.predict(videos.features, batch_size=_FIXED_BATCH_SIZE, verbose=0)
    targets = [videos.targets.astype(np.float32)]
    if num_outputs > 1:
        repeated = np.repeat(targets[0][:, None], videos.features.shape[1], axis=1)
        targets.append(repeated if videos.frame_targets is None else videos.frame_targets)
    return Batches(keras.tree.flatten(inputs), targets, np.ones(len(targets[0]), np.float32))


def _require(train: Examples, val: Examples, plan: TrainingPlan) -> None:
    if plan.mixed_precision:
        require_half_precision()
    if len(train.targets) < 2:
        raise SoraError(f"training: expected at least 2 training videos, got {len(train.targets)}")
    if plan.schedule.kind == "plateau" and not len(val.targets):
        raise SoraError("schedule: plateau needs validation videos, and there is none; choose cosine")
