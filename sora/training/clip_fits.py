"""Two ways to train on clips: a residual network from nothing, and the end of a pretrained network."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import keras

from sora.networks.backbones import split_at_unit
from sora.networks.clip_models import (
    FrozenOutputs,
    clip_classifier,
    freeze_normalisations,
    mean_head,
    split_for_export,
)
from sora.networks.determinism import make_deterministic
from sora.networks.residual import Fusion, residual_network
from sora.training.checkpoints import Checkpoint
from sora.training.end_to_end import Clips, Row, fit_end_to_end
from sora.training.plan import TrainingPlan

OnEpoch = Callable[[Row], None]

_HEAD_RATE = 10  # a new head learns so much faster than a pretrained network may


@dataclass(frozen=True)
class ResidualShape:
    """The residual network: see ``sora.networks.residual.residual_network``."""

    num_blocks: Sequence[int]
    widths: Sequence[int]
    taps: Sequence[int]
    fusion: Fusion
    fused_size: int
    differences: bool
    temporal_kernel_size: int


@dataclass(frozen=True)
class HeadShape:
    """The head over time: see ``sora.training.end_to_end.mean_head``."""

    num_classes: int
    embedding_size: int
    dropout: float
    multi_label: bool


class ClipFit(NamedTuple):
    """What a training on clips gives.

    Attributes:
        backbone: images float32 (T, S, S, 3), (rgb - 127) / 128, to features (T, F); T at a time.
        head: features (N, T, F) to probabilities and embedding.
        rows: one for each epoch.
    """

    backbone: keras.Model
    head: keras.Model
    rows: list[Row]


def fit_residual(
    train: Clips,
    val: Clips | None,
    shape: ResidualShape,
    head: HeadShape,
    plan: TrainingPlan,
    *,
    checkpoint: Checkpoint | None = None,
    on_epoch: OnEpoch | None = None,
) -> ClipFit:
    """Train the residual network and a head from random weights.

    ``train`` and ``val`` read uint8 RGB (T, S, S, 3). Raises as ``fit_end_to_end`` and ``residual_network``.
    """
    make_deterministic(plan.seed)
    num_frames, size = train.read(0, 0).shape[:2]
    network = residual_network(
        image_size_px=size,
        num_blocks=shape.num_blocks,
        widths=shape.widths,
        num_frames=num_frames,
        differences=shape.differences,
        temporal_kernel_size=shape.temporal_kernel_size,
        taps=shape.taps,
        fusion=shape.fusion,
        fused_size=shape.fused_size,
    )
    model = clip_classifier(network, _head(network, num_frames, head), num_frames, takes_pixels=True)
    rows = fit_end_to_end(
        model, train, val, plan, multi_label=head.multi_label, checkpoint=checkpoint, on_epoch=on_epoch
    )
    return ClipFit(*split_for_export(model), rows)


def fit_fine_tuned(
    train: Clips,
    val: Clips | None,
    network: keras.Model,
    name: str,
    num_units: int,
    *,
    head: HeadShape,
    plan: TrainingPlan,
    checkpoint: Checkpoint | None = None,
    on_epoch: OnEpoch | None = None,
) -> ClipFit:
    """Train a head on a pretrained network, and then the network's last units with it.

    Where validation is no better for the second training, the result is that of the first.

    Args:
        train, val: read uint8 RGB (T, S, S, 3).
        network: a ``frame_feature_network``, whose weights change in place.
        name: of the network.
        num_units: residual blocks, and the like, that are trained; 0: the head alone.
        head: its shape.
        plan: of both trainings; its rate is the network's, the head alone starts at ten times that.
        checkpoint: of the second training; the first is short, for what it sees is kept.
        on_epoch: called with each row.

    Raises:
        SoraError: as ``fit_end_to_end`` and ``split_at_unit``.
    """
    make_deterministic(plan.seed)
    num_frames = len(train.read(0, 0))
    top = _head(network, num_frames, head)
    rate = _HEAD_RATE * plan.optimizer.learning_rate
    beginning = replace(plan, optimizer=replace(plan.optimizer, learning_rate=rate))
    seen, held_out = _frozen(network, train), _frozen(network, val) if val else None
    rows = fit_end_to_end(top, seen, held_out, beginning, multi_label=head.multi_label, on_epoch=on_epoch)
    if not num_units:
        return ClipFit(network, top, rows)
    start, end = split_at_unit(network, name, num_units)
    freeze_normalisations(end)
    model = clip_classifier(end, top, num_frames, takes_pixels=False)
    before = model.get_weights()
    tuned = fit_end_to_end(
        model,
        _frozen(start, train),
        _frozen(start, val) if val else None,
        plan,
        multi_label=head.multi_label,
        checkpoint=checkpoint,
        on_epoch=lambda row: on_epoch(_later(row, rows)) if on_epoch else None,
    )
    if val and _lowest(tuned) >= _lowest(rows):
        model.set_weights(before)
    return ClipFit(network, top, [*rows, *(_later(row, rows) for row in tuned)])


def _head(network: keras.Model, num_frames: int, head: HeadShape) -> keras.Model:
    return mean_head(
        num_frames=num_frames,
        num_features=network.output.shape[-1],
        num_classes=head.num_classes,
        embedding_size=head.embedding_size,
        dropout=head.dropout,
        multi_label=head.multi_label,
    )


def _frozen(network: keras.Model, clips: Clips) -> Clips:
    return replace(clips, read=FrozenOutputs(network, clips.read))


def _lowest(rows: Sequence[Row]) -> float:
    return min(row["val_loss"] for row in rows if row["val_loss"] is not None)


def _later(row: Row, before: Sequence[Row]) -> Row:
    """Count epochs on from another training."""
    return {**row, "epoch": row["epoch"] + len(before)}
