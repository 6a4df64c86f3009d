"""train: the classifier on stored features, standardisation included."""

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, TypeAlias

import numpy as np
import pandas as pd
from annotated_types import Ge, Gt, Lt, MinLen

from sora import layout
from sora.atomic import write_json
from sora.errors import SoraError
from sora.features import FeatureSet, load_features
from sora.manifest import labels_in, write_table
from sora.networks.live import showing
from sora.networks.plan import Loss, OptimizerPlan, SchedulePlan, TrainingPlan
from sora.params import STRICT, Settings
from sora.quiet import import_tensorflow

if TYPE_CHECKING:
    import keras

    from sora.networks.epochs import Examples

Head = Literal[
    "linear", "mean", "max", "mean_std", "rnn", "lstm", "bilstm", "gru", "attention", "transformer", "tcn"
]
_TINY = np.finfo(np.float32).tiny
OnEpoch: TypeAlias = Callable[[dict[str, Any]], None]


@dataclass(frozen=True)
class LinearParams:
    """Parameters of the head ``linear`` alone: see ``sora.networks.linear_fit.LinearPlan``."""

    __pydantic_config__: ClassVar = STRICT

    classifiers: Annotated[list[Literal["logistic", "lda", "svm"]], MinLen(1)]
    strengths: Annotated[list[Annotated[float, Gt(0)]], MinLen(1)]
    fusion: Literal["late", "concatenate", "auto"]
    num_folds: Annotated[int, Ge(2)]


@dataclass(frozen=True)
class Params:
    """Parameters of train.

    Attributes:
        head: ``linear`` (``sora.networks.linear_fit``), or one of ``sora.networks.heads``.
        blocks: of the features; each counts as one, whatever its size.
        embedding_size: length of the vector that stands for a video.
        linear: for the head ``linear``; all that follows is for the others.
    """

    __pydantic_config__: ClassVar = STRICT

    head: Head
    blocks: Annotated[list[str], MinLen(1)]
    embedding_size: Annotated[int, Ge(2)]
    linear: LinearParams
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


@dataclass(frozen=True)
class Fitted:
    """What a fit gives.

    Attributes:
        model: the classifier.
        history: one row per epoch; the head ``linear`` has one.
        inner: accuracy and loss on videos of the training split that were held out, and how they were found.
    """

    model: "keras.Model"
    history: list[dict[str, Any]]
    inner: dict[str, Any]


def run(params: Params, settings: Settings) -> None:
    """Fit the classifier and write it with its labels and the history of the fit."""
    import_tensorflow()
    from sora.networks.model_files import save_model

    # Augmented views are further rows: an epoch sees each of them once.
    features = load_features(("train", "val"), all_views=True)
    labels = sorted({label for joined in features.videos["label"] for label in labels_in(joined)})
    require_all_labels(features, labels)
    num_epochs = 1 if params.head == "linear" else params.epochs
    with showing(num_epochs, layout.LIVE_LOG) as show:
        fitted = fit(
            features, labels, params, settings.seed, checkpoints=layout.UNFINISHED_FIT, on_epoch=show
        )
    save_model(fitted.model, layout.TRAINED)
    write_json(layout.TRAINED_LABELS, labels)
    # A refit has no validation and follows the same schedule: its rows would only blur the curve.
    validated = [row for row in fitted.history if row["val_loss"] is not None]
    write_table(layout.HISTORY, pd.DataFrame(validated or fitted.history))
    described = {"head": params.head, "num_parameters": fitted.model.count_params(), "inner": fitted.inner}
    write_json(layout.TRAINING, described)


def fit(
    features: FeatureSet,
    labels: list[str],
    params: Params,
    seed: int,
    *,
    checkpoints: Path | None = None,
    on_epoch: OnEpoch | None = None,
) -> Fitted:
    """Fit a head; the same features and parameters give the same bytes.

    A fit that was stopped goes on from ``checkpoints``; each row is given to ``on_epoch`` as it comes.
    """
    multi_label = any(len(labels_in(label)) > 1 for label in features.videos["label"])
    if params.head == "linear":
        return _fit_linear(features, labels, params, seed, multi_label=multi_label, on_epoch=on_epoch)
    from sora.networks.training import fit_classifier, make_deterministic

    train, val = (_examples(features.of_split(split), labels) for split in ("train", "val"))
    make_deterministic(seed)
    model = _network(train, _ranges(features.columns, params.blocks), params, multi_label=multi_label)
    history = fit_classifier(model, train, val, params.plan(seed), checkpoints=checkpoints, on_epoch=on_epoch)
    return Fitted(model, history, _best_validation(history))


def _best_validation(history: list[dict[str, Any]]) -> dict[str, Any]:
    rows = [row for row in history if row["val_loss"] is not None]
    if not rows:
        return {"found_by": "nothing, for there are no validation videos"}
    best = min(rows, key=lambda row: row["val_loss"])
    return {
        "found_by": "the validation split",
        "accuracy": best["val_accuracy"],
        "loss": best["val_loss"],
        "epoch": best["epoch"],
    }


def _fit_linear(
    features: FeatureSet,
    labels: list[str],
    params: Params,
    seed: int,
    *,
    multi_label: bool,
    on_epoch: OnEpoch | None,
) -> Fitted:
    """Fit to all videos: what is chosen is chosen by folds of their groups, so none need be held back."""
    from sora.networks.linear import build_linear
    from sora.networks.linear_fit import LinearPlan, fit_linear

    wanted = targets(features.videos["label"], labels)
    options = params.linear
    classifier, report = fit_linear(
        features.features,
        wanted,
        list(features.videos["group"]),
        blocks={name: _ranges(features.columns, [name]) for name in params.blocks},
        labels=labels,
        several_labels=multi_label,
        embedding_size=params.embedding_size,
        plan=LinearPlan(
            tuple(options.classifiers), tuple(options.strengths), options.fusion, options.num_folds, seed
        ),
    )
    row = {
        "epoch": 1,
        **_on_training(classifier.predict(features.features)[0], wanted, multi_label=multi_label),
        "val_loss": report.fused.log_loss,
        "val_accuracy": report.fused.accuracy,
    }
    if on_epoch:
        on_epoch(row)
    model = build_linear(classifier, *features.features.shape[1:])
    return Fitted(model, [row], {"found_by": f"{options.num_folds} folds of groups", **asdict(report)})


def _on_training(probabilities: np.ndarray, wanted: np.ndarray, *, multi_label: bool) -> dict[str, float]:
    """Return loss and accuracy, as the history has them, on the videos that were learned."""
    if multi_label:
        right = (probabilities >= 0.5) == (wanted >= 0.5)
        likelihood = np.where(wanted >= 0.5, probabilities, 1 - probabilities)
    else:
        right = probabilities.argmax(axis=1) == wanted.argmax(axis=1)
        likelihood = (probabilities * wanted).sum(axis=1)
    return {"loss": float(-np.log(np.maximum(likelihood, _TINY)).mean()), "accuracy": float(right.mean())}


def _network(
    train: "Examples", blocks: list[tuple[int, int]], params: Params, *, multi_label: bool
) -> "keras.Model":
    from sora.networks.heads import build_classifier
    from sora.networks.scaling import standardisation, standardised, whitening

    mean, std = standardisation(train.features)
    projection = None
    if params.projection_size:
        rows = standardised(train.features, blocks, mean, std)
        projection = whitening(rows.reshape(-1, rows.shape[-1]), params.projection_size)
    return build_classifier(
        head=params.head,
        num_segments=train.features.shape[1],
        num_features=train.features.shape[2],
        blocks=blocks,
        mean=mean,
        std=std,
        num_labels=train.targets.shape[1],
        multi_label=multi_label,
        embedding_size=params.embedding_size,
        units=params.units,
        num_layers=params.num_layers,
        statistics=params.statistics,
        projection=projection,
        dropout=params.dropout,
        l2=params.l2,
    )


def _examples(features: FeatureSet, labels: list[str]) -> "Examples":
    from sora.networks.epochs import Examples

    return Examples(features.features, targets(features.videos["label"], labels))


def targets(joined: Iterable[str], labels: list[str]) -> np.ndarray:
    """Return a 1 for each label of each video, float32 (N, C), in the order of ``labels``."""
    rows = [[float(label in labels_in(video)) for label in labels] for video in joined]
    return np.array(rows, np.float32).reshape(-1, len(labels))


def _ranges(columns: dict[str, slice], names: list[str]) -> list[tuple[int, int]]:
    """Return where the columns of each name lie; ``rgb`` stands for all whose first word it is."""
    return [_range(columns, name) for name in names]


def _range(columns: dict[str, slice], name: str) -> tuple[int, int]:
    found = [c for block, c in columns.items() if block == name or block.startswith(f"{name}.")]
    if not found:
        known = dict.fromkeys(word for block in columns for word in (block.partition(".")[0], block))
        raise SoraError(f"params.yaml: train.blocks: expected some of {', '.join(known)}, got {name!r}")
    if any(before.stop != after.start for before, after in pairwise(found)):
        raise SoraError(f"params.yaml: extract: the parts of {name} must follow each other in its lists")
    return found[0].start, found[-1].stop


def require_all_labels(features: FeatureSet, labels: list[str]) -> None:
    """Raise SoraError where a label has nothing to learn from, or where there is only one."""
    if len(labels) < 2:
        raise SoraError(f"only the label {labels[0]!r} has training videos; at least two labels are needed")
    videos = features.videos[features.videos["view"] == 0]
    for label in labels:
        of_label = videos[[label in labels_in(joined) for joined in videos["label"]]]
        if "train" not in set(of_label["split"]):
            raise SoraError(
                f"label {label!r} has no training video: its {len(of_label)} are all in val; at least 1 is "
                f"needed in train, so 3 groups of videos for train, val and test; add videos or lower "
                f"ingest.val_share"
            )
