"""The SQLite study of a search: opened, resumed, and tied to what its trials were judged on."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout

from sora.errors import SoraError
from sora.features import FeatureSet
from sora.training.spec import TrainSpec
from sora.tuning.space import Parameter, Point, Space, choice_text, flat, rounded
from sora.tuning.workers import Judging

if TYPE_CHECKING:
    from optuna import Study
    from optuna.trial import BaseTrial, FrozenTrial

_MIN_TRIALS_TO_PRUNE = 5


def study_name(features: FeatureSet, space: Space, base: TrainSpec, judging: Judging, sampler: str) -> str:
    """Return a name that changes with all that decides what a trial finds.

    The parameters that are searched count for nothing in ``base``, so that a winner may be put there.
    """
    fixed = {name: value for name, value in flat(asdict(base)) if name not in space.parameters}
    leaves = {name: value for name, value in fixed.items() if not isinstance(value, dict)}
    columns = {name: [each.start, each.stop] for name, each in features.columns.items()}
    decisive = [
        *(features.videos.to_csv(index=False), columns, space.described(), leaves),
        *(asdict(judging), sampler),
    ]
    return f"train-{hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()[:12]}"


@contextmanager
def opened(path: Path, name: str, judging: Judging) -> Iterator[tuple["Study", list[str]]]:
    """Yield the study, new or resumed, and the names of the others in the file; one search at a time.

    A trial that ran when its search was killed is marked as failed: it counts for nothing.

    Raises:
        SoraError: another search is at work, or the file is no study.
    """
    import optuna
    from optuna.storages import RDBStorage
    from sqlalchemy.exc import DatabaseError

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(path.with_name(f".{path.name}.lock"), timeout=0):
            storage = RDBStorage(f"sqlite:///{path}")
            others = [other for other in optuna.get_all_study_names(storage) if other != name]
            study = optuna.create_study(
                study_name=name,
                storage=storage,
                load_if_exists=True,
                direction="minimize" if judging.metric == "log_loss" else "maximize",
                pruner=optuna.pruners.MedianPruner(n_startup_trials=_MIN_TRIALS_TO_PRUNE),
            )
            _fail_interrupted(study)
            yield study, others
    except Timeout as error:
        raise SoraError(f"{path}: another search is writing this study; wait for it to end") from error
    except DatabaseError as error:
        raise SoraError(f"{path}: is no study of this version of Optuna; name another file") from error


def finished(study: "Study") -> list["FrozenTrial"]:
    """Return the trials that count, in order: those with a value, and those that were given up early."""
    from optuna.trial import TrialState

    return study.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED))


def complete(study: "Study") -> list["FrozenTrial"]:
    """Return the trials that were judged on every fold, in order."""
    from optuna.trial import TrialState

    return study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))


def points_tried(study: "Study", space: Space, *, before: int) -> list[Point]:
    """Return what the trials with a lower number than ``before`` try or have tried."""
    from optuna.trial import TrialState

    states = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.RUNNING)
    trials = study.get_trials(deepcopy=False, states=states)
    return [point_of_trial(trial, space) for trial in trials if trial.number < before]


def enqueue_missing(study: "Study", space: Space, points: Sequence[Point]) -> None:
    """Have the next trials take those of ``points`` that no trial has taken, or is about to take."""
    from optuna.trial import TrialState

    known = [_encoded(point_of_trial(trial, space), space) for trial in finished(study)]
    waiting = study.get_trials(deepcopy=False, states=(TrialState.WAITING,))
    known += [trial.system_attrs["fixed_params"] for trial in waiting]
    for point in points:
        if _encoded(point, space) not in known:
            study.enqueue_trial(_encoded(point, space))


def suggested(trial: "BaseTrial", space: Space) -> Point:
    """Have Optuna choose a value for each parameter that counts."""

    def sample(name: str, parameter: Parameter) -> Any:
        if parameter.range is None:
            return _decoded(parameter, trial.suggest_categorical(name, parameter.texts()))
        low, high = parameter.range
        if parameter.whole:
            return trial.suggest_int(name, round(low), round(high), log=parameter.log)
        return _decoded(parameter, trial.suggest_float(name, low, high, log=parameter.log))

    return space.sampled(sample)


def point_of_trial(trial: "FrozenTrial", space: Space) -> Point:
    """Return what a finished trial had tried."""
    return {name: _decoded(space.parameters[name], value) for name, value in trial.params.items()}


def _fail_interrupted(study: "Study") -> None:
    from optuna.trial import TrialState

    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        study.tell(trial.number, state=TrialState.FAIL)


def _encoded(point: Point, space: Space) -> dict[str, Any]:
    """Write choices as texts, for a study holds no lists."""
    return {
        name: value if space.parameters[name].choices is None else choice_text(value)
        for name, value in point.items()
    }


def _decoded(parameter: Parameter, value: Any) -> Any:
    if parameter.choices is not None:
        return parameter.choices[parameter.texts().index(value)]
    return value if parameter.whole else rounded(value)
