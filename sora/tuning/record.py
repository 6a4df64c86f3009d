"""What a search leaves in reports: all trials as a table, plots, and how the winner was found."""

import math
from typing import TYPE_CHECKING, Any

import pandas as pd

from sora import layout
from sora.atomic import write_bytes, write_json
from sora.manifest import write_table
from sora.tuning.plots import history_plot, importance_plot, slices_plot
from sora.tuning.search import REASON
from sora.tuning.space import Parameter, Space, choice_text
from sora.tuning.study import complete, point_of_trial

if TYPE_CHECKING:
    from optuna import Study
    from optuna.trial import FrozenTrial

_STATES = {"COMPLETE": "finished", "PRUNED": "given up", "FAIL": "not counted"}
_MIN_TRIALS_FOR_IMPORTANCE = 4


def write_record(study: "Study", space: Space, described: dict[str, Any]) -> None:
    """Write trials.csv, tuning.json (``described``) and three plots."""
    table = trial_table(study, space)
    metric = described["metric"]
    write_table(layout.TUNING / "trials.csv", table)
    write_json(layout.TUNING / "tuning.json", described)
    write_bytes(layout.TUNING / "history.png", history_plot(table, metric))
    write_bytes(layout.TUNING / "slices.png", slices_plot(table, space, metric))
    write_bytes(layout.TUNING / "importance.png", importance_plot(importances(study), metric))


def trial_table(study: "Study", space: Space) -> pd.DataFrame:
    """Return a row for each trial: trial, state, value, num_folds, seconds, reason, then the parameters.

    The value of a trial that was given up is the mean of the folds it had. What did not count is empty.
    Trials that were interrupted, or would have repeated another, are not counted.
    """
    trials = [trial for trial in study.get_trials(deepcopy=False) if trial.state.name in _STATES]
    columns = ["trial", "state", "value", "num_folds", "seconds", "reason", *space.parameters]
    return pd.DataFrame([_row(trial, space) for trial in trials], columns=columns)


def importances(study: "Study") -> dict[str, float]:
    """Return the share of each parameter in how the value varies, with sum 1, the largest first.

    By a functional analysis of variance on a random forest (Hutter et al., 2014). Only parameters that
    count in every trial can be compared. Empty if there are too few trials, or all are equally good.
    """
    from optuna.importance import FanovaImportanceEvaluator, get_param_importances

    trials = complete(study)
    if len(trials) < _MIN_TRIALS_FOR_IMPORTANCE or len({trial.value for trial in trials}) == 1:
        return {}
    return get_param_importances(study, evaluator=FanovaImportanceEvaluator(seed=0))


def _row(trial: "FrozenTrial", space: Space) -> dict[str, Any]:
    values = trial.intermediate_values
    point = point_of_trial(trial, space)
    return {
        "trial": trial.number,
        "state": _STATES[trial.state.name],
        "value": values[max(values)] if values else math.nan,
        "num_folds": len(values),
        "seconds": round(trial.duration.total_seconds(), 1) if trial.duration else math.nan,
        "reason": trial.user_attrs.get(REASON, "interrupted" if trial.state.name == "FAIL" else ""),
        **{name: _shown(space.parameters[name], value) for name, value in point.items()},
    }


def _shown(parameter: Parameter, value: Any) -> Any:
    return value if parameter.choices is None else choice_text(value)
