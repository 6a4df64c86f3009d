"""evaluate: how good the model is on the held-out videos."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
import pandas as pd
from annotated_types import Ge, Le

from sora import layout
from sora.atomic import write_bytes, write_json
from sora.errors import SoraError
from sora.evaluation import metrics, plots
from sora.features import FeatureSet
from sora.manifest import probability_column, read_records, write_table
from sora.params import STRICT, Settings
from sora.quiet import import_tensorflow
from sora.trained import read_trained, trained_features


@dataclass(frozen=True)
class Params:
    """Parameters of evaluate.

    Attributes:
        decimals: digits of the stored probabilities.
    """

    __pydantic_config__: ClassVar = STRICT

    decimals: Annotated[int, Ge(4), Le(9)]


def run(params: Params, settings: Settings) -> None:
    """Predict the test videos from their stored features and write numbers, predictions and plots."""
    import_tensorflow()
    from sora.networks.model_files import load_model

    trained = read_trained()
    labels = trained.labels
    test = trained_features(trained, ("test",), settings.runtime, "evaluate")
    _require_known_labels(test, labels)
    probabilities = load_model(layout.TRAINED).predict(test.features, verbose=0)[0]
    predictions = prediction_table(test.videos, labels, probabilities, params.decimals)
    true, predicted = list(predictions["label"]), list(predictions["predicted"])
    write_table(layout.PREDICTIONS, predictions)
    write_table(layout.CONFUSION, predictions[["label", "predicted"]])
    groups = list(test.videos["group"])
    write_json(layout.METRICS, metrics.classification_metrics(true, predicted, groups, labels))
    per_class = metrics.per_class_table(true, predicted, labels)
    write_table(layout.PER_CLASS, pd.DataFrame(per_class))
    confusion = metrics.confusion_matrix(true, predicted, labels)
    write_bytes(layout.PLOTS / "confusion.png", plots.confusion_matrix_plot(confusion, labels))
    write_bytes(layout.PLOTS / "per_class.png", plots.per_class_plot(per_class))
    history = plots.training_curves_plot(read_records(layout.HISTORY))
    write_bytes(layout.PLOTS / "training.png", history)


def prediction_table(
    videos: pd.DataFrame, labels: list[str], probabilities: np.ndarray, decimals: int
) -> pd.DataFrame:
    """Return path, label, predicted and a probability per label, for probabilities float (N, C)."""
    predicted = [labels[i] for i in probabilities.argmax(axis=1)]
    table = pd.DataFrame({"path": videos["path"], "label": videos["label"], "predicted": predicted})
    for column, label in enumerate(labels):
        table[probability_column(label)] = probabilities[:, column].astype(float).round(decimals)
    return table


def _require_known_labels(test: FeatureSet, labels: list[str]) -> None:
    unknown = sorted(set(test.videos["label"]) - set(labels))
    if unknown:
        raise SoraError(f"test videos have the label {unknown[0]!r} that no training video has")
