"""train: the classifier on stored features, standardisation included."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import numpy as np
import pandas as pd
from annotated_types import Ge, Lt, MinLen

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

Head = Literal["mean", "max", "mean_std", "rnn", "lstm", "bilstm", "gru", "attention", "transformer", "tcn"]


@dataclass(frozen=True)
class Params:
    """Parameters of train: the head (``sora.networks.heads``) and its fit (``sora.networks.plan``)."""

    __pydantic_config__: ClassVar = STRICT

    head: Head
    blocks: Annotated[list[str], MinLen(1)]
    projection_size: Annotated[int, Ge(0)]
    embedding_size: Annotated[int, Ge(2)]
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


def run(params: Params, settings: Settings) -> None:
    """Fit the classifier and write it with its labels and the history of the fit."""
    import_tensorflow()
    from sora.networks.model_files import save_model

    # Augmented views are further rows: an epoch sees each of them once.
    features = load_features(("train", "val"), all_views=True)
    labels = sorted({label for joined in features.videos["label"] for label in labels_in(joined)})
    require_all_labels(features, labels)
    with showing(params.epochs, layout.LIVE_LOG) as show:
        model, history = fit(
            features, labels, params, settings.seed, checkpoints=layout.UNFINISHED_FIT, on_epoch=show
        )
    save_model(model, layout.TRAINED)
    write_json(layout.TRAINED_LABELS, labels)
    # A refit has no validation and follows the same schedule: its rows would only blur the curve.
    validated = [row for row in history if row["val_loss"] is not None]
    write_table(layout.HISTORY, pd.DataFrame(validated or history))


def fit(
    features: FeatureSet,
    labels: list[str],
    params: Params,
    seed: int,
    *,
    checkpoints: Path | None = None,
    on_epoch: Callable[[dict[str, Any]], None] | None = None,
) -> tuple["keras.Model", list[dict[str, Any]]]:
    """Return the fitted model and one row per epoch; the same features and parameters give the same bytes.

    A fit that was stopped goes on from ``checkpoints``; each row is given to ``on_epoch`` as it comes.
    """
    from sora.networks.training import fit_classifier, make_deterministic

    train, val = (_examples(features.of_split(split), labels) for split in ("train", "val"))
    make_deterministic(seed)
    multi_label = any(len(labels_in(label)) > 1 for label in features.videos["label"])
    model = _network(train, _ranges(features.columns, params.blocks), params, multi_label=multi_label)
    plan = params.plan(seed)
    return model, fit_classifier(model, train, val, plan, checkpoints=checkpoints, on_epoch=on_epoch)


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
    for name in names:
        if name not in columns:
            raise SoraError(f"params.yaml: train.blocks: expected some of {', '.join(columns)}, got {name!r}")
    return [(columns[name].start, columns[name].stop) for name in names]


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
