"""All that decides a training, as plain values: the section ``train`` of params.yaml."""

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

from annotated_types import Ge, Gt, Lt, MinLen

from sora.frames.augmentation import AugmentSpec
from sora.training.plan import Loss, OptimizerPlan, SchedulePlan, TrainingPlan

_STRICT: dict[str, Any] = {"extra": "forbid", "strict": True}
Head = Literal[
    "linear", "mean", "max", "mean_std", "rnn", "lstm", "bilstm", "gru", "attention", "transformer", "tcn"
]


@dataclass(frozen=True)
class LinearSpec:
    """How ``sora.training.linear_fit`` chooses.

    Attributes:
        classifiers: the kinds to choose from for each block: logistic, lda, svm.
        strengths: the inverse penalties to choose from, for logistic and svm.
        fusion: ``late`` weighs the logits of a classifier per block, ``concatenate`` gives one classifier all
            blocks side by side, ``auto`` takes what has the lower inner log loss.
        num_folds: how often the training videos are parted for inner validation.
    """

    __pydantic_config__: ClassVar = _STRICT

    classifiers: Annotated[list[Literal["logistic", "lda", "svm"]], MinLen(1)]
    strengths: Annotated[list[Annotated[float, Gt(0)]], MinLen(1)]
    fusion: Literal["late", "concatenate", "auto"]
    num_folds: Annotated[int, Ge(2)]


@dataclass(frozen=True)
class ResidualSpec:
    """The residual network: see ``sora.networks.residual.residual_network``."""

    __pydantic_config__: ClassVar = _STRICT

    num_blocks: Annotated[list[Annotated[int, Ge(1)]], MinLen(1)]
    widths: Annotated[list[Annotated[int, Ge(1)]], MinLen(1)]
    taps: Annotated[list[Annotated[int, Ge(1)]], MinLen(1)]
    fusion: Literal["concatenate", "gated"]
    fused_size: Annotated[int, Ge(1)]
    differences: bool
    temporal_kernel_size: Annotated[int, Ge(1)]


@dataclass(frozen=True)
class ClipTrainingSpec:
    """A training on clips: see ``sora.training.clip_fits``.

    Attributes:
        residual: shape of the network ``residual``.
        tuned_units: of ``fine_tuned``: the last units of extract's backbone that are trained.
        num_views: an epoch sees one of so many views of each clip; 1: the clips as they are.
        augment: how views differ from the clip.
    """

    __pydantic_config__: ClassVar = _STRICT

    residual: ResidualSpec
    tuned_units: Annotated[int, Ge(0)]
    num_views: Annotated[int, Ge(1)]
    augment: AugmentSpec


@dataclass(frozen=True)
class UpdateSpec:
    """How a model learns from videos that came after it: see ``sora.training.update``.

    Attributes:
        parent: folder of the model that it starts from; ``models/none``: train from nothing.
        reservoir_size: videos that the parent knows and that are shown again.
    """

    __pydantic_config__: ClassVar = _STRICT

    parent: Annotated[str, MinLen(1)]
    reservoir_size: Annotated[int, Ge(0)]


@dataclass(frozen=True)
class TrainSpec:
    """How a classifier is trained.

    Attributes:
        network: what is trained: a head on ``features``; or, from clips, the ``residual`` network from
            nothing, or extract's backbone ``fine_tuned``, both with a head that averages over time.
        head: ``linear`` (``sora.training.linear_fit``), or one of ``sora.networks.heads``.
        blocks: of the features; each counts as one, whatever its size.
        embedding_size: length of the vector that stands for a video.
        calibrate: whether probabilities get a temperature (``sora.training.calibration``).
        linear: for the head ``linear``.
        update: for a training that starts from a parent; all that follows is for heads other than ``linear``.
        clips: for the networks that are trained from clips; ``head``, ``blocks`` and what only heads on
            features know is not looked at then.
    """

    __pydantic_config__: ClassVar = _STRICT

    network: Literal["features", "residual", "fine_tuned"]
    head: Head
    blocks: Annotated[list[str], MinLen(1)]
    embedding_size: Annotated[int, Ge(2)]
    calibrate: bool
    linear: LinearSpec
    update: UpdateSpec
    projection_size: Annotated[int, Ge(0)]
    units: Annotated[int, Ge(1)]
    num_layers: Annotated[int, Ge(1)]
    statistics: bool
    dropout: Annotated[float, Ge(0), Lt(1)]
    l2: Annotated[float, Ge(0)]
    epochs: Annotated[int, Ge(1)]
    batch_size: Annotated[int, Ge(2)]
    patience: Annotated[int, Ge(1)]
    loss: Loss
    label_smoothing: Annotated[float, Ge(0), Lt(1)]
    mixup: Annotated[float, Ge(0)]
    class_weights: bool
    refit: bool
    mixed_precision: bool
    optimizer: OptimizerPlan
    schedule: SchedulePlan
    clips: ClipTrainingSpec

    def plan(self, seed: int) -> TrainingPlan:
        """Return the part that decides the fit."""
        return TrainingPlan(
            epochs=self.epochs,
            batch_size=self.batch_size,
            patience=self.patience,
            optimizer=self.optimizer,
            schedule=self.schedule,
            loss=self.loss,
            label_smoothing=self.label_smoothing,
            mixup=self.mixup,
            class_weights=self.class_weights,
            refit=self.refit,
            mixed_precision=self.mixed_precision,
            seed=seed,
        )
