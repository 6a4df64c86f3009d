"""Two ways to train on clips: a residual network from nothing, and the end of a pretrained network."""

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, NamedTuple

import keras
import numpy as np

from sora.networks.backbones import split_at_unit
from sora.networks.clip_models import (
    FrozenOutputs,
    clip_classifier,
    freeze_normalisations,
    mean_head,
    split_for_export,
)
from sora.networks.determinism import make_deterministic
from sora.networks.residual import residual_network
from sora.training.checkpoints import Checkpoint
from sora.training.end_to_end import Clips, Row, fit_end_to_end
from sora.training.fitted import best_validation
from sora.training.measures import accuracy, log_loss
from sora.training.plan import TrainingPlan
from sora.training.spec import ResidualSpec

OnEpoch = Callable[[Row], None]

_HEAD_RATE = 10  # a new head learns so much faster than a pretrained network may
_TUNED_SHARES = (1.0, 0.75, 0.5, 0.25, 0.0)  # of the way from the weights before tuning to those after it


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
        inner: how good the result is on what was held out, as in ``sora.training.fitted.Fitted``.
    """

    backbone: keras.Model
    head: keras.Model
    rows: list[Row]
    inner: dict[str, Any]


def fit_residual(
    train: Clips,
    val: Clips | None,
    shape: ResidualSpec,
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
    network = residual_network(image_size_px=size, num_frames=num_frames, **asdict(shape))
    model = clip_classifier(network, _head(network, num_frames, head), num_frames, takes_pixels=True)
    rows = fit_end_to_end(
        model, train, val, plan, multi_label=head.multi_label, checkpoint=checkpoint, on_epoch=on_epoch
    )
    return ClipFit(*split_for_export(model), rows, best_validation(rows))


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

    The result lies between the weights of both, as far towards those of the second as validation loss falls
    (WiSE-FT: Wortsman et al., "Robust fine-tuning of zero-shot models", 2022): few clips spoil a network
    easily. Without ``val`` it is that of the second.

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
        return ClipFit(network, top, rows, best_validation(rows))
    start, end = split_at_unit(network, name, num_units)
    freeze_normalisations(end)
    model = clip_classifier(end, top, num_frames, takes_pixels=False)
    before, held_out_end = model.get_weights(), _frozen(start, val) if val else None
    tuned = fit_end_to_end(
        model,
        _frozen(start, train),
        held_out_end,
        plan,
        multi_label=head.multi_label,
        checkpoint=checkpoint,
        on_epoch=lambda row: on_epoch(_later(row, rows)) if on_epoch else None,
    )
    inner = best_validation(tuned)
    if held_out_end:
        inner = _blend(model, before, held_out_end, plan.batch_size, several_labels=head.multi_label)
    return ClipFit(network, top, [*rows, *(_later(row, rows) for row in tuned)], inner)


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


def _blend(
    model: keras.Model, before: list[np.ndarray], val: Clips, batch_size: int, *, several_labels: bool
) -> dict[str, Any]:
    """Move weights back towards those ``before``, as far as is best for ``val``; tell how good they are."""
    after = model.get_weights()
    batches = np.array_split(np.arange(len(val.targets)), math.ceil(len(val.targets) / batch_size))
    found: dict[float, np.ndarray] = {}

    def take(share: float) -> None:
        model.set_weights([(1 - share) * old + share * new for old, new in zip(before, after, strict=True)])

    for share in _TUNED_SHARES:
        take(share)
        clips = (np.stack([val.read(i, 0) for i in batch]) for batch in batches)
        found[share] = np.concatenate([model.predict_on_batch(batch)[0] for batch in clips])
    losses = {s: log_loss(found[s], val.targets, several_labels=several_labels) for s in found}
    best = min(losses, key=losses.__getitem__)
    take(best)
    return {
        "found_by": "the validation split",
        "accuracy": accuracy(found[best], val.targets, several_labels=several_labels),
        "loss": losses[best],
        "tuned_share": best,
    }


def _later(row: Row, before: Sequence[Row]) -> Row:
    """Count epochs on from another training."""
    return {**row, "epoch": row["epoch"] + len(before)}
