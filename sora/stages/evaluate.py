"""evaluate: how good the model is on the held-out videos."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Annotated, Any, ClassVar

import pandas as pd
from annotated_types import Ge, Le

from sora import layout
from sora.atomic import write_bytes, write_json
from sora.evaluation import metrics, plots
from sora.evaluation.comparison import answers_right
from sora.evaluation.predictions import prediction_table, require_answerable
from sora.evaluation.slices import slices_note
from sora.manifest import labels_in, read_records, write_table
from sora.params import STRICT, Settings
from sora.quiet import import_tensorflow
from sora.standing import beside_baselines, held_out_slices
from sora.trained import read_trained, trained_features


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


def run(params: Params, settings: Settings) -> None:
    """Predict the test videos from their stored features and write numbers, predictions and plots."""
    import_tensorflow()
    from sora.networks.heads import is_multi_label
    from sora.networks.model_files import load_model

    trained = read_trained()
    labels = trained.labels
    model = load_model(layout.TRAINED)
    several_labels = is_multi_label(model)
    test = trained_features(trained, ("test",), settings.runtime, "evaluate")
    require_answerable(test.videos, labels, several_labels=several_labels)
    probabilities = model.predict(test.features, verbose=0)[0]
    predictions = prediction_table(
        test.videos, labels, probabilities, params.decimals, several_labels=several_labels
    )
    write_table(layout.PREDICTIONS, predictions)
    is_right = answers_right(predictions["label"], predictions["predicted"])
    baselines = beside_baselines(
        test.videos, is_right, labels, several_labels=several_labels, seed=settings.seed
    )
    slices = held_out_slices(test.videos, is_right, params.slice_columns)
    described = {"slices": [asdict(part) for part in slices], "slices_note": slices_note(len(slices))}
    write_json(layout.EVALUATION, described)
    groups = list(test.videos["group"])
    _write_scores(predictions, groups, labels, {"baselines": baselines}, several_labels=several_labels)
    history = read_records(layout.HISTORY)
    if len(history) > 1:  # the head linear is fitted in one step
        write_bytes(layout.PLOTS / "training.png", plots.training_curves_plot(history))


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


def _write_scores(
    predictions: pd.DataFrame,
    groups: list[str],
    labels: list[str],
    further: Mapping[str, Any],
    *,
    several_labels: bool,
) -> None:
    true, predicted = list(predictions["label"]), list(predictions["predicted"])
    found = metrics.classification_metrics(true, predicted, groups, labels, several_labels=several_labels)
    write_json(layout.METRICS, {**found, **further})
    per_class = metrics.per_class_table(true, predicted, labels)
    write_table(layout.PER_CLASS, pd.DataFrame(per_class))
    write_bytes(layout.PLOTS / "per_class.png", plots.per_class_plot(per_class))
    if several_labels:
        write_table(layout.CONFUSION, answers_by_label(predictions, labels))
        return
    write_table(layout.CONFUSION, predictions[["label", "predicted"]])
    confusion = metrics.confusion_matrix(true, predicted, labels)
    write_bytes(layout.PLOTS / "confusion.png", plots.confusion_matrix_plot(confusion, labels))
