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
from sora.training.epochs import Batches, balanced_weights, mixed
from sora.training.memory import naming_what_to_lower
from sora.training.optimisation import build_optimizer, classification_loss
from sora.training.plan import TrainingPlan, learning_rate

Row: TypeAlias = dict[str, float | int | None]


@dataclass(frozen=True)
class Clips:
    """What is trained or validated on.

    Attributes:
        read: gives the input of the model for (video, view), without the batch axis; view 0 is the clip
            itself.
        targets: float32 (N, C), one or several ones a row.
        num_views: epoch e sees view e modulo ``num_views``; 1: every epoch sees the clips themselves.
    """

    read: Read
    targets: np.ndarray
    num_views: int = 1


def fit_end_to_end(
    model: keras.Model,
    train: Clips,
    val: Clips | None,
    plan: TrainingPlan,
    *,
    multi_label: bool = False,
    checkpoint: Path | None = None,
    on_epoch: Callable[[Row], None] | None = None,
) -> list[Row]:
    """Train ``model``, whose first output are probabilities, in place and return one row per epoch.

    Rows have the keys epoch (from 1), loss, accuracy, val_loss, val_accuracy and learning_rate. With ``val``
    training ends when its loss has not fallen for ``plan.patience`` epochs, and the best weights come back;
    without it all epochs are trained. ``plan.refit`` is not looked at.

    Args:
        model: its layers are trained where they are trainable.
        train, val: clips.
        plan: all else that decides.
        multi_label: whether a video may have several labels.
        checkpoint: a file that holds the state after each epoch; where it is there, training goes on from it,
            to the same weights as without a break, and it is removed at the end.
        on_epoch: called with each row.

    Raises:
        SoraError: the loss is not a number, or the checkpoint is damaged or of another training.
    """
    if plan.mixed_precision:
        raise SoraError("mixed_precision: only heads on features are trained with it; set it to false")
    make_deterministic(plan.seed)
    trained = keras.Model(model.inputs, model.outputs[0])
    metric = keras.metrics.BinaryAccuracy if multi_label else keras.metrics.CategoricalAccuracy
    loss = classification_loss(plan, multi_label)
    trained.compile(
        build_optimizer(plan.optimizer), loss, metrics=[metric(name="accuracy")], jit_compile=False
    )
    state = restore_checkpoint(checkpoint, trained) if checkpoint else Checkpoint()
    while len(state.rows) < plan.epochs and not _stalled(state.rows, plan.patience):
        with naming_what_to_lower("train.batch_size, then train.clips.widths or preprocess.image_size_px"):
            row = _one_epoch(trained, train, val, plan, state.rows)
        best = val is not None and all(row["val_loss"] < old["val_loss"] for old in state.rows)
        state = Checkpoint((*state.rows, row), trained.get_weights() if best else state.best_weights)
        if checkpoint:
            store_checkpoint(checkpoint, trained, state)
        if on_epoch:
            on_epoch(row)
    if state.best_weights:
        trained.set_weights(state.best_weights)
    if checkpoint:
        checkpoint.unlink(missing_ok=True)
    return list(state.rows)


def _one_epoch(
    trained: keras.Model, train: Clips, val: Clips | None, plan: TrainingPlan, rows: Sequence[Row]
) -> Row:
    epoch = len(rows)
    # Order and mixing depend on the epoch alone, so that a resumed training sees the same.
    rng = np.random.default_rng([plan.seed, epoch])
    order = rng.permutation(len(train.targets))
    weights = balanced_weights(train.targets) if plan.class_weights else np.ones(len(order), np.float32)
    rates = _rates(plan, epoch, math.ceil(len(order) / plan.batch_size), rows)
    seen = []
    batches = _batches(train, order, epoch % train.num_views, plan.batch_size)
    for rate, (chosen, arrays) in zip(rates, batches, strict=True):
        batch = Batches([arrays], [train.targets[chosen]], weights[chosen])
        batch = mixed(batch, plan.mixup, rng) if plan.mixup else batch
        trained.optimizer.learning_rate = rate
        logs = trained.train_on_batch(*batch.inputs, *batch.targets, batch.weights, return_dict=True)
        _require_number(logs["loss"], epoch)
        seen.append((len(chosen), logs))
    row: Row = {"epoch": epoch + 1, **_mean(seen), "val_loss": None, "val_accuracy": None}
    if val is not None:
        row |= _measured(trained, val, plan.batch_size)
        _require_number(row["val_loss"], epoch)
    return {**row, "learning_rate": rates[-1]}


def _rates(plan: TrainingPlan, epoch: int, steps_per_epoch: int, rows: Sequence[Row]) -> list[float]:
    losses = [float(row["val_loss"]) for row in rows if row["val_loss"] is not None]
    first, num_steps = epoch * steps_per_epoch, plan.epochs * steps_per_epoch
    return [
        learning_rate(plan.schedule, plan.optimizer.learning_rate, step, num_steps, losses)
        for step in range(first, first + steps_per_epoch)
    ]


def _measured(trained: keras.Model, val: Clips, batch_size: int) -> Row:
    seen = []
    for chosen, arrays in _batches(val, np.arange(len(val.targets)), 0, batch_size):
        logs = trained.test_on_batch(arrays, val.targets[chosen], return_dict=True)
        seen.append((len(chosen), logs))
    return {f"val_{name}": value for name, value in _mean(seen).items()}


def _mean(seen: Sequence[tuple[int, dict[str, float]]]) -> Row:
    """Average what Keras tells of each batch alone, by the number of clips in it."""
    sizes = [size for size, _ in seen]
    return {
        name: float(np.average([float(logs[name]) for _, logs in seen], weights=sizes))
        for name in ("loss", "accuracy")
    }


def _batches(
    clips: Clips, order: np.ndarray, view: int, batch_size: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield places and clips in ``order``; a thread reads the next batch while the last one is trained on.

    Not a PyDataset of Keras, which looks at some batches twice, nor a tf.data generator, which hides what a
    reader raised.
    """

    def load(chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return chosen, np.stack([clips.read(int(i), view) for i in chosen])

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
