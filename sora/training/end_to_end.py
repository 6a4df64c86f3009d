"""Training of an image network and a head together, from clips that stream."""

import math
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeAlias

import keras
import numpy as np

from sora.errors import SoraError
from sora.networks.clip_models import Read
from sora.networks.determinism import make_deterministic
from sora.training.checkpoints import Checkpoint, FitState
from sora.training.epochs import Batches, balanced_weights, mixed
from sora.training.memory import naming_what_to_lower
from sora.training.optimisation import build_optimizer, classification_loss
from sora.training.plan import TrainingPlan, learning_rate

Row: TypeAlias = dict[str, Any]


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
    checkpoint: Checkpoint | None = None,
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
        checkpoint: holds the state after each epoch; where it is there, and of the same training, that goes
            on from it, to the same weights as without a break, and it is removed at the end.
        on_epoch: called with each row.

    Raises:
        SoraError: the loss is not a number, memory is short, or the checkpoint is damaged.
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
    rows, best = _restored(checkpoint, trained)
    while len(rows) < plan.epochs and not _stalled(rows, plan.patience):
        with naming_what_to_lower(
            "train.batch_size, then train.clips.residual.widths or preprocess.image_size_px"
        ):
            rows.append(_one_epoch(trained, train, val, plan, rows))
        if val is not None and rows[-1]["val_loss"] < min(_val_losses(rows[:-1]), default=math.inf):
            best = trained.get_weights()
        if checkpoint:
            optimizer = [np.asarray(variable) for variable in trained.optimizer.variables]
            checkpoint.save(FitState(rows, _state(trained), optimizer, best))
        if on_epoch:
            on_epoch(rows[-1])
    if best:
        trained.set_weights(best)
    if checkpoint:
        checkpoint.path.unlink(missing_ok=True)
    return rows


def _restored(checkpoint: Checkpoint | None, trained: keras.Model) -> tuple[list[Row], list[np.ndarray]]:
    """Put a compiled model where its training was left; give the rows so far and the best weights."""
    trained.optimizer.build(trained.trainable_variables)
    state = checkpoint.load() if checkpoint else None
    if state is None:
        return [], []
    variables = [*_variables(trained), *trained.optimizer.variables]
    for variable, value in zip(variables, [*state.weights, *state.optimizer], strict=True):
        variable.assign(value)
    return list(state.rows), state.best


def _variables(trained: keras.Model) -> list[keras.Variable]:
    """List weights and the states of dropout, without the sums of metrics."""
    metrics = {id(variable) for variable in trained.metrics_variables}
    return [variable for variable in trained.variables if id(variable) not in metrics]


def _state(trained: keras.Model) -> list[np.ndarray]:
    return [np.asarray(variable) for variable in _variables(trained)]


def _val_losses(rows: Sequence[Row]) -> list[float]:
    return [row["val_loss"] for row in rows if row["val_loss"] is not None]


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
    losses = _val_losses(rows)
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
    losses = _val_losses(rows)
    return bool(losses) and len(losses) - 1 - losses.index(min(losses)) >= patience
