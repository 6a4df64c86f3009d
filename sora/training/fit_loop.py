"""The loop over epochs: one call of Keras for each, with a checkpoint after it."""

import math
from collections.abc import Callable, Sequence
from typing import TypeAlias

import keras
import numpy as np
import tensorflow as tf

from sora.errors import SoraError
from sora.networks.heads import is_multi_label
from sora.training.checkpoints import Checkpoint, FitState, Row
from sora.training.epochs import Batches, epoch_batches
from sora.training.optimisation import compiled_copy
from sora.training.plan import TrainingPlan, best_epoch, learning_rate

OnEpoch: TypeAlias = Callable[[Row], None]


class Fit:
    """A fit of the trained layers of a classifier that can be left after any epoch and taken up again."""

    def __init__(
        self,
        trained: keras.Model,
        train: Batches,
        val: Batches | None,
        plan: TrainingPlan,
        *,
        num_epochs: int,
        strategy: tf.distribute.Strategy,
        known_losses: Sequence[float] = (),
    ) -> None:
        """Prepare it; ``known_losses`` are the validation losses of a search whose schedule it follows."""
        self._trained, self._train, self._plan = trained, train, plan
        self._held_out = _dataset(val, plan.batch_size) if val is not None else None
        self._num_epochs, self._known_losses = num_epochs, known_losses
        self._model = compiled_copy(trained, plan, is_multi_label(trained), strategy)
        self._rows: list[Row] = []
        self._best: list[np.ndarray] = []

    def run(self, checkpoint: Checkpoint | None, on_epoch: OnEpoch | None) -> list[Row]:
        """Run the epochs that are left, give the trained layers their best weights, and return all rows.

        Raises:
            SoraError: a loss is not a number; ``checkpoint`` then has the state of the last good epoch.
        """
        state = checkpoint.load() if checkpoint else None
        if state:
            self._restore(state)
        report = on_epoch or (lambda row: None)
        for row in self._rows:
            report(row)
        while not self._is_over():
            try:
                self._run_epoch()
            except _NotANumberError as error:
                raise SoraError(f"{error}{_kept(checkpoint, len(self._rows))}") from error
            if checkpoint:
                checkpoint.save(self._state())
            report(self._rows[-1])
        self._trained.set_weights(self._best or self._model.get_weights())
        return self._rows

    @property
    def _val_losses(self) -> list[float]:
        return [row["val_loss"] for row in self._rows if row["val_loss"] is not None]

    def _is_over(self) -> bool:
        losses = self._val_losses
        waited = len(losses) - 1 - best_epoch(losses) if losses else 0
        return len(self._rows) >= self._num_epochs or waited >= self._plan.patience

    def _run_epoch(self) -> None:
        epoch = len(self._rows)
        batches = epoch_batches(self._train, self._plan, epoch)
        steps = _Steps(epoch, self._rates(epoch, math.ceil(len(batches.weights) / self._plan.batch_size)))
        _seed_dropout(self._model, self._plan.seed, epoch)
        fitted = self._model.fit(
            _dataset(batches, self._plan.batch_size),
            shuffle=False,
            validation_data=self._held_out,
            callbacks=[steps],
            verbose=0,
        )
        self._append({name: values[-1] for name, values in fitted.history.items()}, steps.rates[-1])

    def _rates(self, epoch: int, steps_per_epoch: int) -> list[float]:
        plan, losses = self._plan, [*self._known_losses[:epoch], *self._val_losses]
        num_steps = self._plan.epochs * steps_per_epoch
        steps = range(epoch * steps_per_epoch, (epoch + 1) * steps_per_epoch)
        return [
            learning_rate(plan.schedule, plan.optimizer.learning_rate, step, num_steps, losses)
            for step in steps
        ]

    def _append(self, logs: dict[str, float], rate: float) -> None:
        names = {name: name for name in logs}
        # With a second output Keras puts the name of the first before its measure.
        names |= {name.replace("probabilities_", ""): name for name in logs if name.endswith("_accuracy")}
        wanted = ("loss", "accuracy", "val_loss", "val_accuracy")
        values = {name: float(logs[names[name]]) if name in names else None for name in wanted}
        row = {"epoch": len(self._rows) + 1, **values, "learning_rate": rate}
        if values["val_loss"] is not None and not math.isfinite(values["val_loss"]):
            raise _NotANumberError(f"the validation loss of epoch {row['epoch']}")
        self._rows.append(row)
        if self._held_out is not None and best_epoch(self._val_losses) == len(self._rows) - 1:
            self._best = self._model.get_weights()

    def _state(self) -> FitState:
        optimizer = [np.asarray(variable) for variable in self._model.optimizer.variables]
        return FitState(self._rows, self._model.get_weights(), optimizer, self._best)

    def _restore(self, state: FitState) -> None:
        self._rows, self._best = list(state.rows), state.best
        self._model.set_weights(state.weights)
        for variable, value in zip(self._model.optimizer.variables, state.optimizer, strict=True):
            variable.assign(value)


def _dataset(batches: Batches, batch_size: int) -> tf.data.Dataset:
    """Cut rows into batches; for arrays Keras builds far more, which costs more than a small epoch."""
    # A video weighs the same in each of its moments.
    weights = [
        np.broadcast_to(batches.weights.reshape(-1, *[1] * (targets.ndim - 2)), targets.shape[:-1])
        for targets in batches.targets
    ]
    parts = tuple(
        tuple(arrays) if len(arrays) > 1 else arrays[0]
        for arrays in (batches.inputs, batches.targets, weights)
    )
    return tf.data.Dataset.from_tensor_slices(parts).batch(batch_size)


class _Steps(keras.callbacks.Callback):
    """Sets the learning rate of each step of an epoch, and stops at the first loss that is not a number."""

    def __init__(self, epoch: int, rates: Sequence[float]) -> None:
        super().__init__()
        self._epoch, self.rates = epoch, rates

    def on_train_batch_begin(self, batch: int, logs: dict[str, float] | None = None) -> None:
        self.model.optimizer.learning_rate = self.rates[batch]

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        if logs and not math.isfinite(logs["loss"]):
            step = f"step {batch + 1} of {len(self.rates)}"
            raise _NotANumberError(f"the loss of epoch {self._epoch + 1}, {step},")


class _NotANumberError(SoraError):
    """A loss that is infinite or not a number."""

    def __init__(self, where: str) -> None:
        super().__init__(
            f"training: {where} is not a number; lower train.optimizer.learning_rate or set "
            f"train.optimizer.clip_norm, or look for features that are not numbers"
        )


def _kept(checkpoint: Checkpoint | None, num_epochs: int) -> str:
    if checkpoint is None or num_epochs == 0:
        return ""
    return f" (the state after epoch {num_epochs} is kept in {checkpoint.path})"


def _seed_dropout(model: keras.Model, seed: int, epoch: int) -> None:
    """Start every dropout layer anew, so that its masks depend on seed, epoch and step alone."""
    states = [variable for variable in model.variables if variable.path.endswith("seed_generator_state")]
    for layer, state in enumerate(states):
        first = np.random.default_rng((seed, epoch, layer)).integers(2**32, dtype=np.uint32)
        state.assign(np.array([first, 0], np.uint32))
