"""What ``sora tune`` does: search, make the winner an experiment, report."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sora import layout
from sora.errors import SoraError
from sora.params import PARAMS, parse_yaml, read_section
from sora.training.spec import TrainSpec
from sora.tuning import experiment
from sora.tuning.progress import showing_trials
from sora.tuning.record import write_record
from sora.tuning.search import Sampler, Search
from sora.tuning.space import Point, Space, point_of, read_space
from sora.tuning.study import complete, enqueue_missing, finished, opened, point_of_trial, study_name
from sora.tuning.workers import Judging, Scorers

if TYPE_CHECKING:
    from optuna import Study
    from optuna.trial import FrozenTrial

DEFAULT_TRIALS = 30


@dataclass(frozen=True)
class Request:
    """What a search is asked for.

    Attributes:
        num_trials: of the study, those of earlier runs included; None is 30, or all points of a grid.
        space: the file that says what may be chosen.
        sampler: ``tpe`` (Bayesian: Bergstra et al., 2011), or ``grid`` for every point once.
        num_workers: trials at a time; 0 is one for each core.
        study: the SQLite file.
        judging: of each trial.
    """

    num_trials: int | None
    space: Path
    sampler: Sampler
    num_workers: int
    study: Path
    judging: Judging


@dataclass(frozen=True)
class _Setting:
    """What a search stands on, once everything has been checked."""

    base: TrainSpec
    space: Space
    study: str
    num_folds: int
    own: Point | None
    points: list[Point]
    num_trials: int


def run_search(request: Request) -> list[str]:
    """Search, write the record of it, and save the winner as a DVC experiment; return what to tell.

    Raises:
        SoraError: something is wrong with the parameters, the space, the videos or the study.
    """
    setting = _setting(request)
    with opened(request.study, setting.study, request.judging) as (study, others):
        told = _beginning(study, others, setting.own)
        enqueue_missing(study, setting.space, setting.points)
        _search(request, setting, study)
        best = _best(study, request.judging)
        point = point_of_trial(best, setting.space)
        described, said = _experiment(setting, point)
        write_record(study, setting.space, _described(request, setting, study, best) | described)
    return [*told, _summary(request, study, best), *said, f"all trials and plots: {layout.TUNING}"]


def _setting(request: Request) -> _Setting:
    base = read_section("train", TrainSpec)
    problem = request.judging.load_problem()
    space = read_space(request.space, base, problem.features.columns)
    is_grid = request.sampler == "grid"
    own = point_of(base, space)
    # A search starts from what is there, if it may, so that it cannot end below.
    points = space.grid() if is_grid else [own] if own else []
    return _Setting(
        base,
        space,
        study_name(problem.features, space, base, request.judging, request.sampler),
        problem.num_folds,
        own,
        points,
        request.num_trials or (len(points) if is_grid else DEFAULT_TRIALS),
    )


def _beginning(study: "Study", others: list[str], own: Point | None) -> list[str]:
    if study.get_trials(deepcopy=False):
        return [f"resumed study {study.study_name}, which had {len(finished(study))} trials"]
    changed = (
        f": videos, space or fixed parameters are others than those of {', '.join(others)}" if others else ""
    )
    left_out = [] if own else [f"the space leaves out what {PARAMS} has now, so that is not among the trials"]
    return [f"new study {study.study_name}{changed}", *left_out]


def _search(request: Request, setting: _Setting, study: "Study") -> None:
    num_workers = request.num_workers or os.cpu_count() or 1
    num_done, seed = len(finished(study)), request.judging.seed
    show = showing_trials(request.judging.metric, num_done, setting.num_trials)
    with show as on_end, Scorers(num_workers, request.judging) as scorers:
        search = Search(study, setting.space, setting.base, setting.num_folds, seed, on_end)
        search.run(scorers, num_workers, setting.num_trials)


def _best(study: "Study", judging: Judging) -> "FrozenTrial":
    """Return the trial with the best value; of equal ones the first."""
    sign = 1 if judging.metric == "log_loss" else -1
    trials = complete(study)
    if not trials:
        raise SoraError(
            "tune: no trial was judged on every fold, so there is no winner; ask for more --trials"
        )
    return min(trials, key=lambda trial: (sign * (trial.value or 0.0), trial.number))


def _experiment(setting: _Setting, point: Point) -> tuple[dict[str, Any], list[str]]:
    """Save the winner; return what to record of it and what to tell."""
    values = parse_yaml(PARAMS.read_text(encoding="utf-8"))
    settings = experiment.options(point, values)
    digest = hashlib.sha256(" ".join([setting.study, *settings]).encode()).hexdigest()
    name = f"tuned-{digest[:8]}"
    by_hand = experiment.command(name, settings)
    try:
        experiment.save_experiment(name, settings)
    except SoraError as error:
        said = [f"no experiment was made: {error}", f"then: {by_hand}"]
        return {"experiment": None, "command": by_hand}, said
    said = [f"experiment {name} (dvc exp show); to take it over: dvc exp apply {name} && dvc repro"]
    return {"experiment": name, "command": by_hand}, said


def _described(request: Request, setting: _Setting, study: "Study", best: "FrozenTrial") -> dict[str, Any]:
    num_finished, num_over = len(complete(study)), len(finished(study))
    return {
        "study": study.study_name,
        "metric": request.judging.metric,
        "num_folds": setting.num_folds,
        "num_trials": num_over,
        "num_finished": num_finished,
        "num_given_up": num_over - num_finished,
        "best_trial": best.number,
        "best_value": best.value,
        "parameters": point_of_trial(best, setting.space),
    }


def _summary(request: Request, study: "Study", best: "FrozenTrial") -> str:
    num_finished, num_over = len(complete(study)), len(finished(study))
    metric = request.judging.metric.replace("_", " ")
    return (
        f"inner {metric} {best.value:.4f}: trial {best.number}, picked from {num_over} trials "
        f"({num_finished} finished, {num_over - num_finished} given up early)"
    )
