"""Training of a classifier on features held in memory, the same to the last bit on one machine."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import keras
import numpy as np
import tensorflow as tf

from sora.errors import SoraError
from sora.networks.heads import split_at_training

Row: TypeAlias = dict[str, Any]
OnEpoch: TypeAlias = Callable[[Row], None]

_WARM_UP_SHARE = 0.05  # of all steps
_MIN_STD = 1e-3
_FIXED_BATCH_SIZE = 16


def make_deterministic(seed: int) -> None:
    """Seed Python, NumPy and Keras, and choose TensorFlow operators that always add in the same order.

    Call it before a model is built: the first weights and the dropout masks come from these seeds.
    """
    keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()


def standardisation(features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give mean and standard deviation of each column, float32 (F,), of features float32 (N, T, F).

    Pass training videos only. The deviation is at least 0.001, so that constant columns become 0.
    """
    rows = features.reshape(-1, features.shape[-1])
    mean = rows.mean(axis=0, dtype=np.float64)
    std = rows.std(axis=0, dtype=np.float64)
    return mean.astype(np.float32), np.maximum(std, _MIN_STD).astype(np.float32)


def fit_classifier(  # noqa: PLR0917
    model: keras.Model,
    train_frames: np.ndarray,
    train_motion: np.ndarray,
    train_labels: np.ndarray,
    val_frames: np.ndarray,
    val_motion: np.ndarray,
    val_labels: np.ndarray,
    *,
    epochs: int,
    batch_size: int,
    learning_rate: float,
    weight_decay: float,
    label_smoothing: float,
    patience: int,
    seed: int,
    refit: bool = False,
    on_epoch: OnEpoch | None = None,
) -> list[Row]:
    """Train ``model`` in place and return one row per epoch.

    Frames are float32 (N, T, F), motion float32 (N, T, M), labels integers (N,) in 0..C-1. Rows have the keys
    epoch (from 1), loss, accuracy, val_loss, val_accuracy and learning_rate.

    AdamW with a cosine schedule after a short warm-up (Loshchilov & Hutter, 2019). Training stops when the
    validation loss has not fallen for ``patience`` epochs and the best weights come back. With ``refit`` the
    model then starts again from its first weights, with training and validation videos together, for the best
    number of epochs on the same schedule; those rows have no validation and follow the others. Without
    validation videos all ``epochs`` are trained. The model keeps its own outputs and is left uncompiled.

    Raises:
        SoraError: the loss is not a number.
    """
    plan = _Plan(epochs, batch_size, learning_rate, weight_decay, label_smoothing, patience, seed, on_epoch)
    make_deterministic(seed)
    fixed, trained = split_at_training(model)
    train = _Videos(_outputs(fixed, train_frames, train_motion), train_labels)
    if len(val_labels) == 0:
        return _fit(trained, train, None, plan, epochs)
    val = _Videos(_outputs(fixed, val_frames, val_motion), val_labels)
    first_weights = model.get_weights()
    rows = _fit(trained, train, val, plan, epochs)
    if refit:
        model.set_weights(first_weights)
        rows += _fit(trained, train.joined(val), None, plan, _best_epoch(rows))
    return rows


@dataclass(frozen=True)
class _Plan:
    epochs: int
    batch_size: int
    learning_rate: float
    weight_decay: float
    label_smoothing: float
    patience: int
    seed: int
    on_epoch: OnEpoch | None


@dataclass(frozen=True)
class _Videos:
    """What enters the trainable layers, one array (N, ...) each, and integer labels (N,)."""

    inputs: list[np.ndarray]
    labels: np.ndarray

    def joined(self, other: "_Videos") -> "_Videos":
        inputs = [np.concatenate(pair) for pair in zip(self.inputs, other.inputs, strict=True)]
        return _Videos(inputs, np.concatenate([self.labels, other.labels]))

    def arrays(self, num_classes: int) -> tuple[list[np.ndarray], np.ndarray]:
        return self.inputs, keras.utils.to_categorical(self.labels, num_classes)


class _Rows(keras.callbacks.Callback):
    """Collects the rows, and stops at the first loss that is not a number."""

    def __init__(self, on_epoch: OnEpoch | None) -> None:
        super().__init__()
        self.rows: list[Row] = []
        self._on_epoch = on_epoch

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        names = ("loss", "accuracy", "val_loss", "val_accuracy")
        values = {name: float(logs[name]) if logs and name in logs else None for name in names}
        if not all(math.isfinite(value) for value in values.values() if value is not None):
            raise SoraError(
                f"training: the loss of epoch {epoch + 1} is {values['loss']}, not a number; "
                f"lower train.learning_rate, or look for features that are not numbers"
            )
        rate = float(self.model.optimizer.learning_rate)
        self.rows.append({"epoch": epoch + 1, **values, "learning_rate": rate})
        if self._on_epoch:
            self._on_epoch(self.rows[-1])


def _outputs(fixed: keras.Model, frames: np.ndarray, motion: np.ndarray) -> list[np.ndarray]:
    """Run the layers that never change once, not in every epoch; most of the work lies there."""
    return keras.tree.flatten(fixed.predict([frames, motion], batch_size=_FIXED_BATCH_SIZE, verbose=0))


def _fit(
    trained: keras.Model, train: _Videos, val: _Videos | None, plan: _Plan, num_epochs: int
) -> list[Row]:
    make_deterministic(plan.seed)
    _compile(trained, plan, len(train.labels))
    num_classes = trained.outputs[0].shape[-1]
    rows = _Rows(plan.on_epoch)
    best = keras.callbacks.EarlyStopping("val_loss", patience=plan.patience, restore_best_weights=True)
    trained.fit(
        *train.arrays(num_classes),
        batch_size=plan.batch_size,
        epochs=num_epochs,
        validation_data=val.arrays(num_classes) if val else None,
        callbacks=[rows, best] if val else [rows],
        verbose=0,
    )
    return rows.rows


def _compile(trained: keras.Model, plan: _Plan, num_videos: int) -> None:
    num_steps = plan.epochs * math.ceil(num_videos / plan.batch_size)
    optimizer = keras.optimizers.AdamW(_schedule(plan.learning_rate, num_steps), plan.weight_decay)
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    loss = keras.losses.CategoricalCrossentropy(label_smoothing=plan.label_smoothing)
    trained.compile(optimizer, loss, metrics=["accuracy"], jit_compile=False)


def _schedule(learning_rate: float, num_steps: int) -> keras.optimizers.schedules.LearningRateSchedule:
    num_warm_up = max(1, round(_WARM_UP_SHARE * num_steps))
    return keras.optimizers.schedules.CosineDecay(
        learning_rate / 10,
        max(1, num_steps - num_warm_up),
        warmup_target=learning_rate,
        warmup_steps=num_warm_up,
    )


def _best_epoch(rows: list[Row]) -> int:
    return min(rows, key=lambda row: row["val_loss"])["epoch"]
