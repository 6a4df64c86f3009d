"""Training of an image network and a head together, from clips that stream."""

import math
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import keras
import numpy as np

from sora.errors import SoraError
from sora.networks.clip_models import Read
from sora.networks.determinism import make_deterministic
from sora.training.clip_checkpoint import Checkpoint, restore_checkpoint, store_checkpoint

Row: TypeAlias = dict[str, float | int | None]


@dataclass(frozen=True)
class Clips:
    """What is trained or validated on.

    Attributes:
        read: gives the input of the model for (video, view), without the batch axis; view 0 is the clip
            itself.
        targets: float32 (N, C), one or several ones a row.
    """

    read: Read
    targets: np.ndarray


@dataclass(frozen=True)
class EndToEndPlan:
    """How ``fit_end_to_end`` trains.

    Attributes:
        epochs: at most so many.
        batch_size: clips a step.
        learning_rate: the highest, of AdamW; it rises from a tenth and falls along a cosine to 0.
        warmup_share: of all steps, while it rises.
        weight_decay: of AdamW; not of biases and normalisations.
        label_smoothing: of the cross-entropy.
        patience: epochs without a lower validation loss after which training ends.
        keep_best: whether the weights of the epoch with the lowest validation loss come back; else the last.
        num_views: epoch e sees view e modulo ``num_views``; 1: every epoch sees the clips themselves.
        multi_label: whether a video has several labels.
        seed: of the order of clips and of dropout.
    """

    epochs: int
    batch_size: int
    learning_rate: float
    warmup_share: float = 0.1
    weight_decay: float = 0.05
    label_smoothing: float = 0.1
    patience: int = 20
    keep_best: bool = True
    num_views: int = 1
    multi_label: bool = False
    seed: int = 0


def fit_end_to_end(
    model: keras.Model,
    train: Clips,
    val: Clips | None,
    plan: EndToEndPlan,
    *,
    checkpoint: Path | None = None,
    on_epoch: Callable[[Row], None] | None = None,
) -> list[Row]:
    """Train ``model``, whose first output are probabilities, in place and return one row per epoch.

    Rows have the keys epoch (from 1), loss, accuracy, val_loss, val_accuracy and learning_rate. Without
    ``val`` all epochs are trained and the last weights stay. ``checkpoint`` is a file that holds
    the state after each epoch; where it is there, training goes on from it, to the same weights as without a
    break, and it is removed at the end.

    Raises:
        SoraError: the loss is not a number, or the checkpoint is damaged or of another training.
    """
    make_deterministic(plan.seed)
    trained = keras.Model(model.inputs, model.outputs[0])
    _compile(trained, plan, len(train.targets))
    state = restore_checkpoint(checkpoint, trained) if checkpoint else Checkpoint()
    while len(state.rows) < plan.epochs and not _stalled(state.rows, plan.patience):
        row = _one_epoch(trained, train, val, plan, len(state.rows))
        best = val is not None and all(row["val_loss"] < old["val_loss"] for old in state.rows)
        state = Checkpoint((*state.rows, row), trained.get_weights() if best else state.best_weights)
        if checkpoint:
            store_checkpoint(checkpoint, trained, state)
        if on_epoch:
            on_epoch(row)
    if state.best_weights and plan.keep_best:
        trained.set_weights(state.best_weights)
    if checkpoint:
        checkpoint.unlink(missing_ok=True)
    return list(state.rows)


def _one_epoch(trained: keras.Model, train: Clips, val: Clips | None, plan: EndToEndPlan, epoch: int) -> Row:
    # The order depends on the epoch alone, so that a resumed training sees the same.
    order = np.random.default_rng([plan.seed, epoch]).permutation(len(train.targets))
    trained.reset_metrics()
    for arrays, targets in _batches(train, order, epoch % plan.num_views, plan.batch_size):
        logs = trained.train_on_batch(arrays, targets, return_dict=True)
        _require_number(logs["loss"], epoch)
    row: Row = {"epoch": epoch + 1, "loss": float(logs["loss"]), "accuracy": float(logs["accuracy"])}
    row |= {"val_loss": None, "val_accuracy": None}
    if val is not None:
        row |= _measured(trained, val, plan.batch_size)
        _require_number(row["val_loss"], epoch)
    return {**row, "learning_rate": float(trained.optimizer.learning_rate)}


def _measured(trained: keras.Model, val: Clips, batch_size: int) -> Row:
    trained.reset_metrics()
    for arrays, targets in _batches(val, np.arange(len(val.targets)), 0, batch_size):
        logs = trained.test_on_batch(arrays, targets, return_dict=True)
    return {"val_loss": float(logs["loss"]), "val_accuracy": float(logs["accuracy"])}


def _batches(
    clips: Clips, order: np.ndarray, view: int, batch_size: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield the clips in ``order``; a thread reads the next batch while the last one is trained on.

    Not a PyDataset of Keras, which looks at some batches twice, nor a tf.data generator, which hides what a
    reader raised.
    """

    def load(chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return np.stack([clips.read(int(i), view) for i in chosen]), clips.targets[chosen]

    with ThreadPoolExecutor(1) as thread:
        coming = thread.submit(load, order[:batch_size])
        for start in range(0, len(order), batch_size):
            batch = coming.result()
            if start + batch_size < len(order):
                coming = thread.submit(load, order[start + batch_size :][:batch_size])
            yield batch


def _require_number(loss: float | None, epoch: int) -> None:
    if loss is None or not math.isfinite(loss):
        raise SoraError(
            f"training end to end: the loss of epoch {epoch + 1} is not a number; lower the learning rate"
        )


def _stalled(rows: Sequence[Row], patience: int) -> bool:
    losses = [row["val_loss"] for row in rows if row["val_loss"] is not None]
    return bool(losses) and len(losses) - 1 - losses.index(min(losses)) >= patience


def _compile(trained: keras.Model, plan: EndToEndPlan, num_videos: int) -> None:
    num_steps = plan.epochs * math.ceil(num_videos / plan.batch_size)
    num_warmup = max(1, round(plan.warmup_share * num_steps))
    schedule = keras.optimizers.schedules.CosineDecay(
        plan.learning_rate / 10,
        max(1, num_steps - num_warmup),
        warmup_target=plan.learning_rate,
        warmup_steps=num_warmup,
    )
    optimizer = keras.optimizers.AdamW(schedule, plan.weight_decay, global_clipnorm=1.0)
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    losses = keras.losses
    loss_class = losses.BinaryCrossentropy if plan.multi_label else losses.CategoricalCrossentropy
    metric = keras.metrics.BinaryAccuracy if plan.multi_label else keras.metrics.CategoricalAccuracy
    loss = loss_class(label_smoothing=plan.label_smoothing)
    trained.compile(optimizer, loss, metrics=[metric(name="accuracy")], jit_compile=False)
