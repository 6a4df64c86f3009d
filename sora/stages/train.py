"""train: the classifier on stored features, standardisation included."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import pandas as pd
from annotated_types import Ge, Gt, Lt, MinLen

from sora import layout
from sora.atomic import write_json
from sora.errors import SoraError
from sora.features import FeatureSet, load_features
from sora.manifest import labels_in, write_table
from sora.networks.backbones import feature_blocks
from sora.params import STRICT, Settings, read_input_spec
from sora.quiet import import_tensorflow

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class Params:
    """Parameters of train: the head (``sora.networks.heads``) and its fit (``sora.networks.training``)."""

    __pydantic_config__: ClassVar = STRICT

    head: Literal["mean", "gru", "attention"]
    feature_blocks: Annotated[list[str], MinLen(1)]
    embedding_size: Annotated[int, Ge(2)]
    units: Annotated[int, Ge(1)]
    dropout: Annotated[float, Ge(0), Lt(1)]
    l2: Annotated[float, Ge(0)]
    epochs: Annotated[int, Ge(1)]
    batch_size: Annotated[int, Ge(2)]
    learning_rate: Annotated[float, Gt(0)]
    weight_decay: Annotated[float, Ge(0)]
    label_smoothing: Annotated[float, Ge(0), Lt(1)]
    patience: Annotated[int, Ge(1)]
    refit: bool


def run(params: Params, settings: Settings) -> None:
    """Fit the classifier and write it with its labels and the history of the fit."""
    import_tensorflow()
    from sora.networks.model_files import save_model

    # Augmented views are further rows: an epoch sees each of them once.
    features = load_features(("train", "val"), all_views=True)
    _refuse_several_labels(features)
    labels = sorted(set(features.videos["label"]))
    _require_all_labels(features, labels)
    model, history = fit(features, labels, params, settings.seed)
    save_model(model, layout.TRAINED)
    write_json(layout.TRAINED_LABELS, labels)
    # A refit has no validation and follows the same schedule: its rows would only blur the curve.
    validated = [row for row in history if row["val_loss"] is not None]
    write_table(layout.HISTORY, pd.DataFrame(validated or history))


def fit(
    features: FeatureSet, labels: list[str], params: Params, seed: int
) -> tuple["keras.Model", list[dict[str, Any]]]:
    """Return the fitted model and one row per epoch; the same features and parameters give the same bytes."""
    from sora.networks.heads import build_classifier
    from sora.networks.training import fit_classifier, make_deterministic, standardisation

    make_deterministic(seed)
    train, val = features.of_split("train"), features.of_split("val")
    frame_mean, frame_std = standardisation(train.frames)
    motion_mean, motion_std = standardisation(train.motion)
    model = build_classifier(
        head=params.head,
        num_segments=train.frames.shape[1],
        num_frame_features=train.frames.shape[2],
        num_motion_features=train.motion.shape[2],
        num_classes=len(labels),
        frame_mean=frame_mean,
        frame_std=frame_std,
        motion_mean=motion_mean,
        motion_std=motion_std,
        embedding_size=params.embedding_size,
        units=params.units,
        dropout=params.dropout,
        l2=params.l2,
        frame_blocks=_frame_blocks(params),
    )
    history = fit_classifier(
        model,
        train.frames,
        train.motion,
        train.targets(labels),
        val.frames,
        val.motion,
        val.targets(labels),
        epochs=params.epochs,
        batch_size=params.batch_size,
        learning_rate=params.learning_rate,
        weight_decay=params.weight_decay,
        label_smoothing=params.label_smoothing,
        patience=params.patience,
        seed=seed,
        refit=params.refit,
    )
    return model, history


def _frame_blocks(params: Params) -> list[tuple[int, int]]:
    blocks = feature_blocks(read_input_spec(layout.INPUT_SPEC).backbone)
    for name in params.feature_blocks:
        if name not in blocks:
            raise SoraError(
                f"params.yaml: train.feature_blocks: expected some of {', '.join(blocks)}, got {name!r}"
            )
    return [(blocks[name].start, blocks[name].stop) for name in params.feature_blocks]


def _refuse_several_labels(features: FeatureSet) -> None:
    for path, label in zip(features.videos["path"], features.videos["label"], strict=True):
        if len(labels_in(label)) > 1:
            raise SoraError(
                f"{path} has several labels ({label}); train learns one label a video: keep one in labels.csv"
            )


def _require_all_labels(features: FeatureSet, labels: list[str]) -> None:
    trained = set(features.of_split("train").videos["label"])
    for label in labels:
        if label not in trained:
            raise SoraError(f"label {label!r} has no training video; add videos or lower ingest.val_share")
    if len(labels) < 2:
        raise SoraError(f"only the label {labels[0]!r} has training videos; at least two labels are needed")
