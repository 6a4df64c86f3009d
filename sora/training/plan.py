"""How a classifier is trained, as plain values: no TensorFlow is needed to read or to check a plan."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

from annotated_types import Ge, Gt, Le, Lt

Loss = Literal["auto", "cross_entropy", "binary_cross_entropy", "mse"]

_STRICT: dict[str, Any] = {"extra": "forbid", "strict": True}
_WARM_UP_START = 0.1  # of the learning rate


@dataclass(frozen=True)
class OptimizerPlan:
    """What moves the weights.

    Attributes:
        kind: which; ``adamw`` is Adam with decoupled weight decay (Loshchilov & Hutter, 2019).
        learning_rate: the highest of the schedule.
        weight_decay: of ``adamw``, which alone has it; biases and normalisations do not decay.
        momentum: of ``sgd`` and ``rmsprop``.
        nesterov: whether ``sgd`` looks ahead.
        clip_norm: gradients longer than this, all together, are shortened to it; 0 leaves them.
    """

    __pydantic_config__: ClassVar = _STRICT

    kind: Literal["sgd", "rmsprop", "adam", "adamw"]
    learning_rate: Annotated[float, Gt(0)]
    weight_decay: Annotated[float, Ge(0)]
    momentum: Annotated[float, Ge(0), Lt(1)]
    nesterov: bool
    clip_norm: Annotated[float, Ge(0)]


@dataclass(frozen=True)
class SchedulePlan:
    """How the learning rate goes from step to step.

    Attributes:
        kind: after the warm-up ``constant``, ``cosine`` down to 0, or ``plateau``, which is lower whenever
            validation stalls.
        warmup_share: of all steps, in which the rate climbs from a tenth.
        plateau_factor: by which a plateau multiplies the rate.
        plateau_patience: epochs without a lower validation loss that make a plateau.
    """

    __pydantic_config__: ClassVar = _STRICT

    kind: Literal["constant", "cosine", "plateau"]
    warmup_share: Annotated[float, Ge(0), Le(1)]
    plateau_factor: Annotated[float, Gt(0), Lt(1)]
    plateau_patience: Annotated[int, Ge(1)]


@dataclass(frozen=True)
class TrainingPlan:
    """All that decides a fit beside the model and the videos.

    Attributes:
        epochs: how often all videos are seen, at most.
        batch_size: videos in one step.
        patience: epochs without a lower validation loss after which training stops.
        loss: ``auto`` is cross-entropy, or binary cross-entropy where videos have several labels.
        label_smoothing: share of a target that is spread evenly.
        mixup: alpha of the Beta distribution by which pairs of videos are mixed (Zhang et al., 2018); 0: off.
        class_weights: whether rare labels weigh more, so that all labels together weigh the same.
        refit: whether the model is trained again on training and validation videos together.
        mixed_precision: half-precision arithmetic; for GPUs only.
        seed: of the order of videos, of dropout and of mixup.
    """

    epochs: int
    batch_size: int
    patience: int
    optimizer: OptimizerPlan
    schedule: SchedulePlan
    loss: Loss = "auto"
    label_smoothing: float = 0.0
    mixup: float = 0.0
    class_weights: bool = False
    refit: bool = False
    mixed_precision: bool = False
    seed: int = 0


def learning_rate(
    plan: SchedulePlan, highest: float, step: int, num_steps: int, val_losses: Sequence[float] = ()
) -> float:
    """Return the learning rate of a step.

    It climbs in a line from a tenth of ``highest``, then follows the schedule (cosine: Loshchilov & Hutter,
    2017, without restarts).

    Args:
        step: from 0, over all epochs.
        num_steps: of all epochs.
        val_losses: of the epochs that are over, for ``plateau``.
    """
    num_warmup = max(1, round(plan.warmup_share * num_steps)) if plan.warmup_share else 0
    if step < num_warmup:
        return highest * (_WARM_UP_START + (1 - _WARM_UP_START) * step / num_warmup)
    if plan.kind == "cosine":
        share = min(1.0, (step - num_warmup) / max(1, num_steps - num_warmup))
        return highest * 0.5 * (1 + math.cos(math.pi * share))
    if plan.kind == "plateau":
        return highest * plan.plateau_factor ** _num_plateaus(val_losses, plan.plateau_patience)
    return highest


def best_epoch(val_losses: Sequence[float]) -> int:
    """Return the index of the lowest loss; of equal ones the first."""
    return min(range(len(val_losses)), key=val_losses.__getitem__)


def _num_plateaus(val_losses: Sequence[float], patience: int) -> int:
    found, lowest, waited = 0, math.inf, 0
    for loss in val_losses:
        waited = 0 if loss < lowest else waited + 1
        lowest = min(lowest, loss)
        if waited == patience:
            found, waited = found + 1, 0
    return found
