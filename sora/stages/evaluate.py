"""evaluate: how good the model is on the held-out videos."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Annotated, Any, ClassVar

import numpy as np
import pandas as pd
from annotated_types import Ge, Le

from sora import layout
from sora.atomic import write_bytes, write_json
from sora.evaluation import metrics
from sora.evaluation.calibration import probability_metrics, reliability
from sora.evaluation.caveats import caveats
from sora.evaluation.comparison import answers_right
from sora.evaluation.embedding_map import embedding_map
from sora.evaluation.predictions import prediction_table, require_answerable
from sora.evaluation.ranking import label_areas, ranking_curves, ranking_metrics
from sora.evaluation.slices import slices_note
from sora.manifest import labels_in, read_records, write_table
from sora.params import STRICT, Settings
from sora.quiet import import_tensorflow
from sora.standing import beside_baselines, held_out_slices
from sora.trained import read_trained, trained_features

_MAP_DECIMALS = 4


@dataclass(frozen=True)
class Params:
    """Parameters of evaluate.

    Attributes:
        decimals: digits of the stored probabilities.
        slice_columns: columns of the user's labels.csv by whose values accuracy is shown too.
    """

    __pydantic_config__: ClassVar = STRICT

    decimals: Annotated[int, Ge(4), Le(9)]
    slice_columns: tuple[str, ...]


@dataclass(frozen=True)
class _Tested:
    """What the model says of the N test videos.

    Attributes:
        videos: columns path, label and group, among others.
        predictions: see ``prediction_table``.
        probabilities: float32 (N, C).
        embeddings: float32 (N, E).
        labels: the C names.
        several_labels: whether a video may have several.
        temperature: of the model.
    """

    videos: pd.DataFrame
    predictions: pd.DataFrame
    probabilities: np.ndarray
    embeddings: np.ndarray
    labels: list[str]
    several_labels: bool
    temperature: float

    @property
    def true(self) -> list[str]:
        return list(self.predictions["label"])

    @property
    def predicted(self) -> list[str]:
        return list(self.predictions["predicted"])

    @property
    def groups(self) -> list[str]:
        return list(self.videos["group"])

    @cached_property
    def areas(self) -> list[dict[str, Any]]:
        return label_areas(self.true, self.probabilities, self.labels)

    @property
    def is_right(self) -> np.ndarray:
        return answers_right(self.true, self.predicted)


def run(params: Params, settings: Settings) -> None:
    """Predict the test videos from their stored features and write numbers, predictions and plots."""
    tested = _tested(params, settings)
    write_table(layout.PREDICTIONS, tested.predictions)
    write_json(layout.METRICS, {**_metrics(tested), "baselines": _baselines(tested, settings.seed)})
    evaluation = {**_evaluation(tested), **_slices(tested, params.slice_columns)}
    write_json(layout.EVALUATION, evaluation)
    per_class = _per_class(tested)
    write_table(layout.PER_CLASS, pd.DataFrame(per_class))
    write_table(layout.CONFUSION, _confusion_table(tested))
    _draw(tested, evaluation, per_class)


def answers_by_label(predictions: pd.DataFrame, labels: list[str]) -> pd.DataFrame:
    """Return a row for each label of each video: ``jump`` or ``not jump``, in ``label`` and ``predicted``.

    It is what can be drawn as a confusion matrix where videos have several labels.
    """
    return pd.DataFrame(
        [
            {
                name: label if label in labels_in(row[name]) else f"not {label}"
                for name in ("label", "predicted")
            }
            for label in labels
            for row in predictions.to_dict("records")
        ]
    )


def _tested(params: Params, settings: Settings) -> _Tested:
    import_tensorflow()
    from sora.networks.heads import is_multi_label
    from sora.networks.model_files import load_model
    from sora.networks.temperature import temperature_of

    trained = read_trained()
    labels = trained.labels
    model = load_model(layout.TRAINED)
    several_labels = is_multi_label(model)
    test = trained_features(trained, ("test",), settings.runtime, "evaluate")
    require_answerable(test.videos, labels, several_labels=several_labels)
    probabilities, embeddings = model.predict(test.features, verbose=0)
    predictions = prediction_table(
        test.videos, labels, probabilities, params.decimals, several_labels=several_labels
    )
    return _Tested(
        test.videos,
        predictions,
        probabilities,
        embeddings,
        labels,
        several_labels,
        temperature_of(model),
    )


def _metrics(tested: _Tested) -> dict[str, Any]:
    """Return what metrics.json has: numbers that revisions are compared by."""
    true, labels, several_labels = tested.true, tested.labels, tested.several_labels
    probabilities = tested.probabilities
    return {
        **metrics.classification_metrics(
            true, tested.predicted, tested.groups, labels, several_labels=several_labels
        ),
        **ranking_metrics(true, probabilities, labels, several_labels=several_labels),
        **probability_metrics(true, probabilities, labels, several_labels=several_labels),
        "temperature": tested.temperature,
    }


def _evaluation(tested: _Tested) -> dict[str, Any]:
    """Return what evaluation.json has: what is drawn and told, not compared."""
    true, probabilities, labels = tested.true, tested.probabilities, tested.labels
    places, method = embedding_map(tested.embeddings)
    return {
        "reliability": reliability(true, probabilities, labels, several_labels=tested.several_labels),
        **ranking_curves(true, probabilities, labels),
        "embedding_map": [
            {**row, "x": float(x), "y": float(y)}
            for row, (x, y) in zip(
                tested.predictions[["path", "label", "predicted"]].to_dict("records"),
                places.round(_MAP_DECIMALS),
                strict=True,
            )
        ],
        "embedding_map_method": method,
        "warnings": caveats(tested.groups, tested.areas),
    }


def _baselines(tested: _Tested, seed: int) -> dict[str, dict[str, float]]:
    return beside_baselines(
        tested.videos, tested.is_right, tested.labels, several_labels=tested.several_labels, seed=seed
    )


def _slices(tested: _Tested, columns: Sequence[str]) -> dict[str, Any]:
    slices = held_out_slices(tested.videos, tested.is_right, columns)
    return {"slices": [asdict(part) for part in slices], "slices_note": slices_note(len(slices))}


def _per_class(tested: _Tested) -> list[dict[str, Any]]:
    rows = metrics.per_class_table(tested.true, tested.predicted, tested.labels)
    return [{**row, **area} for row, area in zip(rows, tested.areas, strict=True)]


def _confusion_table(tested: _Tested) -> pd.DataFrame:
    if tested.several_labels:
        return answers_by_label(tested.predictions, tested.labels)
    return tested.predictions[["label", "predicted"]]


def _draw(tested: _Tested, evaluation: dict[str, Any], per_class: list[dict[str, Any]]) -> None:
    from sora.evaluation import plots  # late, for every stage imports the parameters of all

    drawn = {
        "per_class": plots.per_class_plot(per_class),
        "reliability": plots.reliability_plot(evaluation["reliability"]),
        "roc": plots.roc_plot(evaluation["roc"]),
        "precision_recall": plots.precision_recall_plot(evaluation["precision_recall"]),
    }
    if not tested.several_labels:
        confusion = metrics.confusion_matrix(tested.true, tested.predicted, tested.labels)
        drawn["confusion"] = plots.confusion_matrix_plot(confusion, tested.labels)
    history = read_records(layout.HISTORY)
    if len(history) > 1:  # the head linear is fitted in one step
        drawn["training"] = plots.training_curves_plot(history)
    for name, image in drawn.items():
        write_bytes(layout.PLOTS / f"{name}.png", image)
