"""Training of a head on the features that extract made."""

from dataclasses import asdict, replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from sora.errors import SoraError
from sora.features import FeatureSet
from sora.manifest import labels_in
from sora.training.calibration import NOT_WANTED, Calibration, calibration
from sora.training.fitted import Fitted, OnEpoch, Row, best_validation, targets
from sora.training.measures import accuracy, log_loss
from sora.training.spec import TrainSpec

if TYPE_CHECKING:
    import keras

    from sora.training.epochs import Examples


def fit(
    features: FeatureSet,
    labels: list[str],
    spec: TrainSpec,
    seed: int,
    *,
    checkpoints: Path | None = None,
    on_epoch: OnEpoch | None = None,
) -> Fitted:
    """Fit a head; the same features and parameters give the same bytes.

    A fit that was stopped goes on from ``checkpoints``; each row is given to ``on_epoch`` as it comes.
    """
    multi_label = any(len(labels_in(label)) > 1 for label in features.videos["label"])
    if spec.head == "linear":
        return _fit_linear(features, labels, spec, seed, multi_label=multi_label, on_epoch=on_epoch)
    from sora.networks.determinism import make_deterministic
    from sora.training.fit_classifier import fit_classifier

    held_out = features.of_split("val")
    train, val = (_examples(each, labels) for each in (features.of_split("train"), held_out))
    make_deterministic(seed)
    ranges = block_ranges(features.columns, spec.blocks)
    model = _network(train, ranges, spec, multi_label=multi_label)
    history, val_logits, weights = fit_classifier(
        model, train, val, spec.plan(seed), checkpoints=checkpoints, on_epoch=on_epoch
    )
    without_val = None
    if weights:
        without_val = _network(train, ranges, spec, multi_label=multi_label)
        without_val.set_weights(weights)
    found = NOT_WANTED
    if spec.calibrate:
        found = calibration(
            val_logits,
            val.targets,
            list(held_out.videos["group"]),
            several_labels=multi_label,
            videos="validation videos",
        )
    return _fitted(model, found, history, best_validation(history), without_val)


def _fit_linear(
    features: FeatureSet,
    labels: list[str],
    spec: TrainSpec,
    seed: int,
    *,
    multi_label: bool,
    on_epoch: OnEpoch | None,
) -> Fitted:
    """Fit to all videos: what is chosen is chosen by folds of their groups, so none need be held back."""
    from sora.training.linear import build_linear
    from sora.training.linear_fit import LinearChoices, fit_linear

    wanted = targets(features.videos["label"], labels)
    groups = list(features.videos["group"])
    classifier, report, inner_logits, held_back = fit_linear(
        features.features,
        wanted,
        groups,
        blocks={name: block_ranges(features.columns, [name]) for name in spec.blocks},
        labels=labels,
        several_labels=multi_label,
        embedding_size=spec.embedding_size,
        plan=spec.linear,
        seed=seed,
        hold_back=(features.videos["split"] == "val").to_numpy(),
    )
    probabilities = classifier.predict(features.features)[0]
    row = {
        "epoch": 1,
        "loss": log_loss(probabilities, wanted, several_labels=multi_label),
        "accuracy": accuracy(probabilities, wanted, several_labels=multi_label),
        "val_loss": report.fused.log_loss,
        "val_accuracy": report.fused.accuracy,
    }
    if on_epoch:
        on_epoch(row)
    found = NOT_WANTED
    if spec.calibrate:
        videos = "training videos of left-out folds"
        found = calibration(inner_logits, wanted, groups, several_labels=multi_label, videos=videos)
    model = build_linear(classifier, *features.features.shape[1:])
    without_val = build_linear(held_back, *features.features.shape[1:]) if held_back else None
    inner = {"found_by": f"{spec.linear.num_folds} folds of groups", **asdict(report)}
    choices = LinearChoices(report.chosen, report.weights, report.shares)
    return replace(_fitted(model, found, [row], inner, without_val), choices=choices)


def _fitted(
    model: "keras.Model",
    found: Calibration,
    history: list[Row],
    inner: Row,
    without_val: "keras.Model | None",
) -> Fitted:
    from sora.networks.temperature import with_temperature

    return Fitted(
        with_temperature(model, found.temperature),
        history,
        inner,
        found,
        model.count_params(),
        without_val=without_val and with_temperature(without_val, found.temperature),
    )


def _network(
    train: "Examples", blocks: list[tuple[int, int]], spec: TrainSpec, *, multi_label: bool
) -> "keras.Model":
    from sora.networks.heads import build_classifier
    from sora.networks.scaling import standardisation, standardised, whitening

    mean, std = standardisation(train.features)
    projection = None
    if spec.projection_size:
        rows = standardised(train.features, blocks, mean, std)
        projection = whitening(rows.reshape(-1, rows.shape[-1]), spec.projection_size)
    return build_classifier(
        head=spec.head,
        num_segments=train.features.shape[1],
        num_features=train.features.shape[2],
        blocks=blocks,
        mean=mean,
        std=std,
        num_labels=train.targets.shape[1],
        multi_label=multi_label,
        embedding_size=spec.embedding_size,
        units=spec.units,
        num_layers=spec.num_layers,
        statistics=spec.statistics,
        projection=projection,
        dropout=spec.dropout,
        l2=spec.l2,
    )


def _examples(features: FeatureSet, labels: list[str]) -> "Examples":
    from sora.training.epochs import Examples

    return Examples(features.features, targets(features.videos["label"], labels))


def block_ranges(columns: dict[str, slice], names: list[str]) -> list[tuple[int, int]]:
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
