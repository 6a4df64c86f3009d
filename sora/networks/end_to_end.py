"""Training of an image network and a head together, from clips that stream."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import keras
import numpy as np
from keras import layers

from sora.errors import SoraError
from sora.networks.checkpoint import Checkpoint, restore_checkpoint, store_checkpoint
from sora.networks.clip_layers import FoldTime, UnfoldTime
from sora.networks.training import make_deterministic

Read: TypeAlias = Callable[[int, int], np.ndarray]
Row: TypeAlias = dict[str, float | int | None]

_BACKBONE, _HEAD = "backbone", "head"


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


def clip_classifier(
    network: keras.Model, head: keras.Model, num_frames: int, *, takes_pixels: bool
) -> keras.Model:
    """Join an image network and a head to a classifier of clips.

    Input: ``clips`` (N, num_frames, ...), where ... is the input of ``network`` for one image; with
    ``takes_pixels`` RGB in 0..255 of any dtype, which becomes (rgb - 127) / 128.
    Outputs: those of ``head``, ``probabilities`` float32 (N, C) and ``embedding`` float32 (N, E).

    The layers are those of ``network`` and ``head``, not copies.
    """
    clips = keras.Input((num_frames, *network.input.shape[1:]), name="clips")
    x = layers.Rescaling(1 / 128, -127 / 128, name="pixels")(clips) if takes_pixels else clips
    x = FoldTime(name="frames")(x)
    x = keras.Model(network.input, network.output, name=_BACKBONE)(x)
    x = UnfoldTime(num_frames, name="features")(x)
    return keras.Model(clips, keras.Model(head.inputs, head.outputs, name=_HEAD)(x), name="clip_classifier")


def split_for_export(model: keras.Model) -> tuple[keras.Model, keras.Model]:
    """Give the two networks of a bundle from a ``clip_classifier``, with its weights.

    Returns:
        ``backbone``, images (T, S, S, 3) to features (T, F), and ``head``, features (N, T, F) to
        probabilities and embedding. Where only the last part of a network was trained, the whole network,
        which shares its layers, is the backbone.
    """
    return model.get_layer(_BACKBONE), model.get_layer(_HEAD)


@dataclass(frozen=True)
class FrozenOutputs:
    """What the part of a network that is not trained gives for each clip, computed once for each view.

    Called with the index of a video and a view, it gives float32 (T, ...), the output for each frame.

    Attributes:
        network: takes (rgb - 127) / 128.
        clips: gives RGB (T, S, S, 3) in 0..255.
        cache_bytes: outputs are kept in memory up to this many bytes; the others are computed every time.
    """

    network: keras.Model
    clips: Read
    cache_bytes: int = 2**31
    _cached: dict[tuple[int, int], np.ndarray] = field(default_factory=dict, repr=False)

    def __call__(self, index: int, view: int) -> np.ndarray:
        """Return the outputs for one view of a clip."""
        outputs = self._cached.get((index, view))
        if outputs is None:
            images = (self.clips(index, view).astype(np.float32) - 127) / 128
            outputs = np.asarray(self.network.predict_on_batch(images))
            if outputs.nbytes * (len(self._cached) + 1) <= self.cache_bytes:
                self._cached[index, view] = outputs
        return outputs


def freeze_normalisations(network: keras.Model) -> None:
    """Keep batch normalisations in inference mode, so that a few clips do not spoil averages of many images.

    See https://keras.io/guides/transfer_learning and Kornblith et al., 2019 (https://arxiv.org/abs/1805.08974).
    """
    for layer in network.layers:
        if isinstance(layer, layers.BatchNormalization):
            layer.trainable = False


def mean_head(
    *,
    num_frames: int,
    num_features: int,
    num_classes: int,
    embedding_size: int,
    dropout: float,
    multi_label: bool = False,
) -> keras.Model:
    """Build the head that averages over time and stays linear up to the softmax.

    Input: ``features`` float32 (N, T, F). Outputs: ``probabilities`` float32 (N, C), in 0..1, with sum 1
    unless ``multi_label``, and ``embedding`` float32 (N, E), of length 1.
    """
    features = keras.Input((num_frames, num_features), name="features")
    x = layers.GlobalAveragePooling1D(name="mean")(features)
    x = layers.BatchNormalization(momentum=0.9, name="mean_normalisation")(x)
    x = layers.Dropout(dropout, name="mean_dropout")(x)
    x = layers.Dense(embedding_size, use_bias=False, name="embedding_vector")(x)
    x = layers.BatchNormalization(momentum=0.9, name="embedding_normalisation")(x)
    embedding = layers.UnitNormalization(name="embedding")(x)
    logits = layers.Dense(num_classes, name="logits")(x)
    activation = "sigmoid" if multi_label else "softmax"
    probabilities = layers.Activation(activation, name="probabilities")(logits)
    return keras.Model(features, [probabilities, embedding], name="mean_head")


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


class _Batches(keras.utils.PyDataset):
    """The clips of one epoch, in ``order``, read by a thread beside the training."""

    def __init__(self, clips: Clips, order: np.ndarray, view: int, batch_size: int) -> None:
        super().__init__(workers=1, max_queue_size=4)
        self._clips, self._order, self._view, self._batch_size = clips, order, view, batch_size

    def __len__(self) -> int:
        return math.ceil(len(self._order) / self._batch_size)

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        chosen = self._order[index * self._batch_size : (index + 1) * self._batch_size]
        return np.stack([self._clips.read(i, self._view) for i in chosen]), self._clips.targets[chosen]


def _one_epoch(trained: keras.Model, train: Clips, val: Clips | None, plan: EndToEndPlan, epoch: int) -> Row:
    # The order depends on the epoch alone, so that a resumed training sees the same.
    order = np.random.default_rng([plan.seed, epoch]).permutation(len(train.targets))
    batches = _Batches(train, order, epoch % plan.num_views, plan.batch_size)
    logs = trained.fit(batches, initial_epoch=epoch, epochs=epoch + 1, shuffle=False, verbose=0).history
    row: Row = {"epoch": epoch + 1, "loss": logs["loss"][0], "accuracy": logs["accuracy"][0]}
    row |= {"val_loss": None, "val_accuracy": None, "learning_rate": float(trained.optimizer.learning_rate)}
    if val is not None:
        same = _Batches(val, np.arange(len(val.targets)), 0, plan.batch_size)
        measured = trained.evaluate(same, verbose=0, return_dict=True)
        row |= {"val_loss": measured["loss"], "val_accuracy": measured["accuracy"]}
    if not all(math.isfinite(row[name] or 0) for name in ("loss", "val_loss")):
        raise SoraError(
            f"training end to end: the loss of epoch {epoch + 1} is not a number; lower the learning rate"
        )
    return row


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
