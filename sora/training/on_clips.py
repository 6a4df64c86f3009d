"""Training of a network of images together with its head, from stored clips."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sora.frames.spec import ClipSpec, InputSpec
from sora.manifest import labels_in
from sora.training.calibration import NOT_WANTED, Calibration, calibration, no_videos
from sora.training.fitted import Fitted, OnEpoch, OwnBackbone, best_validation, targets
from sora.training.spec import ClipTrainingSpec, TrainSpec

if TYPE_CHECKING:
    import keras

    from sora.training.clip_fits import ClipFit, ResidualShape
    from sora.training.end_to_end import Clips


@dataclass(frozen=True)
class LabelledClips:
    """Stored clips of one split: files, and the labels and the group of each as the video table has them."""

    paths: Sequence[Path]
    labels: Sequence[str]
    groups: Sequence[str]


def fit_clips(
    train: LabelledClips,
    val: LabelledClips,
    labels: list[str],
    spec: TrainSpec,
    *,
    given: InputSpec,
    seed: int,
    pretrained: "keras.Model | None" = None,
    checkpoints: Path | None = None,
    on_epoch: OnEpoch | None = None,
) -> Fitted:
    """Train a network of images and a head that averages over time; the same clips give the same bytes.

    Args:
        train, val: clips; ``val`` may be empty.
        labels: the names that are learned.
        spec: how.
        given: of the stored clips, and of the pretrained network.
        seed: of first weights, order and augmentation.
        pretrained: for ``fine_tuned``: a ``frame_feature_network``, whose weights change in place.
        checkpoints: a folder for what a stopped training goes on from.
        on_epoch: called with each row.
    """
    from sora.training.checkpoints import Checkpoint
    from sora.training.clip_fits import HeadShape, fit_fine_tuned, fit_residual

    multi_label = any(len(labels_in(joined)) > 1 for joined in [*train.labels, *val.labels])
    learned = _streaming(train, labels, spec.clips, given.clip, seed)
    held_out = _streaming(val, labels, spec.clips, given.clip, seed) if val.paths else None
    head = HeadShape(len(labels), spec.embedding_size, spec.dropout, multi_label)
    plan = spec.plan(seed)
    decisive = [asdict(spec), asdict(given), seed, labels, _named(train), _named(val)]
    fingerprint = hashlib.sha256(json.dumps(decisive).encode()).hexdigest()
    checkpoint = Checkpoint(checkpoints / "clips.npz", fingerprint) if checkpoints else None
    if pretrained is None:
        shape = _residual_shape(spec.clips)
        found = fit_residual(learned, held_out, shape, head, plan, checkpoint=checkpoint, on_epoch=on_epoch)
    else:
        found = fit_fine_tuned(
            learned,
            held_out,
            pretrained,
            given.backbone,
            spec.clips.tuned_units,
            head=head,
            plan=plan,
            checkpoint=checkpoint,
            on_epoch=on_epoch,
        )
    calibrated = NOT_WANTED
    if spec.calibrate:
        calibrated = _calibration(found, held_out, val.groups, several_labels=multi_label)
    return _fitted(found, calibrated, given, spec.network)


def _calibration(
    found: "ClipFit", held_out: "Clips | None", groups: Sequence[str], *, several_labels: bool
) -> Calibration:
    from sora.networks.clip_models import FrozenOutputs
    from sora.networks.temperature import logits_of

    videos = "validation videos"
    if held_out is None:
        return no_videos(videos)
    outputs = FrozenOutputs(found.backbone, held_out.read)
    features = np.stack([outputs(i, 0) for i in range(len(groups))])
    logits = logits_of(found.head, features)
    return calibration(logits, held_out.targets, groups, several_labels=several_labels, videos=videos)


def _named(clips: LabelledClips) -> list[tuple[str, str]]:
    """Name clips by their keys in the store, which tell their content."""
    return [(path.stem, joined) for path, joined in zip(clips.paths, clips.labels, strict=True)]


def _fitted(found: "ClipFit", calibrated: Calibration, given: InputSpec, name: str) -> Fitted:
    from sora.networks.temperature import with_temperature

    streams, descriptors = replace(given.streams, names=["rgb"]), replace(given.descriptors, names=[])
    own = replace(given, streams=streams, descriptors=descriptors, backbone=name, backbone_blocks=[])
    history: list[dict[str, Any]] = [dict(row) for row in found.rows]
    num_parameters = found.backbone.count_params() + found.head.count_params()
    backbone = OwnBackbone(found.backbone, own)
    head = with_temperature(found.head, calibrated.temperature)
    return Fitted(head, history, best_validation(history), calibrated, num_parameters, backbone)


def _residual_shape(spec: ClipTrainingSpec) -> "ResidualShape":
    from sora.training.clip_fits import ResidualShape

    return ResidualShape(
        spec.num_blocks,
        spec.widths,
        spec.taps,
        spec.fusion,
        spec.fused_size,
        spec.differences,
        spec.temporal_kernel_size,
    )


def _streaming(
    clips: LabelledClips, labels: list[str], spec: ClipTrainingSpec, shape: ClipSpec, seed: int
) -> "Clips":
    """Return clips as they stream into training."""
    from sora.training.end_to_end import Clips
    from sora.training.stored_clips import ClipShape, StoredClips

    read = StoredClips(
        clips.paths,
        [path.stem for path in clips.paths],
        [all(map(spec.augment.may_flip, labels_in(joined))) for joined in clips.labels],
        ClipShape(shape.num_segments, shape.frames_per_segment, shape.num_segments, shape.image_size_px),
        spec.augment,
        seed,
    )
    return Clips(read, targets(clips.labels, labels), spec.num_views)
