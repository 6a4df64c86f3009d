import math
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from statistics import mean

import pytest

from sora.errors import SoraError
from sora.params import read_section
from sora.training.spec import TrainSpec
from sora.tuning.record import importances, trial_table
from sora.tuning.search import Ended, Search
from sora.tuning.space import Parameter, Space
from sora.tuning.study import enqueue_missing, finished, opened, point_of_trial
from sora.tuning.workers import Judging

BASE = read_section("train", TrainSpec, Path(__file__).parents[2] / "params.yaml")
SPACE = Space(
    {
        "train.head": Parameter(choices=["linear", "gru"]),
        "train.dropout": Parameter(range=(0.0, 0.9)),
        "train.units": Parameter(range=(8, 64), whole=True, log=True, when={"train.head": ["gru"]}),
    }
)
SMALL = Space({"train.head": SPACE.parameters["train.head"], "train.units": Parameter(choices=[8, 16])})
LOSS = Judging("log_loss", 3, 0)

Score = Callable[[TrainSpec, int], float]


class Killed(BaseException):
    """Stands for the end of the process."""


class Scorers:
    """Scores at once, in this process."""

    def __init__(self, score: Score) -> None:
        self.score = score

    def submit(self, params: TrainSpec, fold: int) -> "Future[float]":
        future: Future[float] = Future()
        try:
            future.set_result(self.score(params, fold))
        except SoraError as error:
            future.set_exception(error)
        return future

    def result(self, future: "Future[float]") -> float:
        return future.result()


def score(params: TrainSpec, fold: int) -> float:
    return (params.dropout - 0.3) ** 2 + (0.5 if params.head == "gru" else 0) + 0.01 * fold


def killed_after(count: int) -> Score:
    calls = iter(range(count))

    def scored(params: TrainSpec, fold: int) -> float:
        if next(calls, None) is None:
            raise Killed
        return score(params, fold)

    return scored


def run(path, num_trials, score=score, *, num_workers=1, points=(), space=SPACE, judging=LOSS, told=None):
    """Run a search and give what was tried: parameters, and the score of each fold."""
    with opened(path, "name", judging) as (study, _):
        enqueue_missing(study, space, list(points))
        on_end = (lambda _: None) if told is None else told.append
        search = Search(study, space, BASE, judging.num_folds, judging.seed, on_end)
        search.run(Scorers(score), num_workers, num_trials)
        return [(point_of_trial(t, space), t.state.name, t.intermediate_values) for t in finished(study)]


def test_a_search_finds_what_is_good_and_gives_up_what_is_bad(tmp_path):
    trials = run(tmp_path / "study.db", 30)
    assert len(trials) == 30
    best = min(
        (mean(values.values()), i, point)
        for i, (point, state, values) in enumerate(trials)
        if state == "COMPLETE"
    )
    assert best[2]["train.head"] == "linear"
    assert best[2]["train.dropout"] == pytest.approx(0.3, abs=0.05)
    given_up = [values for _, state, values in trials if state == "PRUNED"]
    assert len(given_up) >= 5
    assert {len(values) for values in given_up} <= {1, 2}
    assert all(isinstance(p["train.units"], int) for p, *_ in trials if p["train.head"] == "gru")
    assert all("train.units" not in point for point, *_ in trials if point["train.head"] == "linear")


@pytest.mark.parametrize("count", [1, 8, 25])
def test_a_search_that_is_killed_and_resumed_tries_what_an_undisturbed_one_does(tmp_path, count):
    points = [{"train.head": "gru", "train.dropout": 0.8, "train.units": 9}]
    expected = run(tmp_path / "whole.db", 15, points=points)
    with pytest.raises(Killed):
        run(tmp_path / "study.db", 15, killed_after(count), points=points)
    assert run(tmp_path / "study.db", 15, points=points) == expected
    assert expected[0][0] == points[0]


def test_a_search_that_has_its_trials_tries_no_more(tmp_path):
    once = run(tmp_path / "study.db", 4)
    assert run(tmp_path / "study.db", 4, killed_after(0)) == once
    assert run(tmp_path / "study.db", 6)[:4] == once


def test_no_parameters_are_tried_twice_while_others_are_left(tmp_path):
    points = [str(point) for point, *_ in run(tmp_path / "study.db", 4, space=SMALL)]
    assert len(set(points)) == 4
    assert len(run(tmp_path / "study.db", 5, space=SMALL)) == 5


def test_another_seed_tries_other_parameters(tmp_path):
    one = run(tmp_path / "one.db", 2)
    assert one != run(tmp_path / "other.db", 2, judging=Judging("log_loss", 3, 1))


def test_several_workers_make_as_many_trials_as_one(tmp_path):
    told: list[Ended] = []
    assert len(run(tmp_path / "study.db", 7, num_workers=3, told=told)) == 7
    assert sorted(ended.number for ended in told) == list(range(7))


def test_a_grid_is_tried_once_also_when_it_was_killed(tmp_path):
    grid = SMALL.grid()
    with pytest.raises(Killed):
        run(tmp_path / "study.db", 4, killed_after(4), points=grid, space=SMALL)
    trials = run(tmp_path / "study.db", 4, points=grid, space=SMALL)
    assert sorted(map(str, grid)) == sorted(str(point) for point, *_ in trials)


def test_accuracy_is_to_be_high(tmp_path):
    def accuracy(params, fold):
        return 1 - score(params, fold)

    trials = run(tmp_path / "study.db", 30, accuracy, judging=Judging("accuracy", 3, 0))
    found = [point for point, state, _ in trials if state == "COMPLETE"]
    assert all(point["train.head"] == "linear" for point in found[-5:])


def test_a_fit_that_fails_costs_its_trial_and_is_told(tmp_path):
    def failing(params, fold):
        if params.head == "gru" and fold == 1:
            raise SoraError("the loss is not a number")
        return score(params, fold)

    told: list[Ended] = []
    trials = run(tmp_path / "study.db", 12, failing, told=told)
    assert {state for point, state, _ in trials if point["train.head"] == "gru"} == {"PRUNED"}
    failed = [ended for ended in told if ended.reason == "the loss is not a number"]
    assert failed
    assert all(ended.num_folds == 1 for ended in failed)


def test_a_search_in_which_everything_fails_stops_soon(tmp_path):
    def failing(params, fold):
        raise SoraError("no such weights")

    told: list[Ended] = []
    with pytest.raises(SoraError, match="all of the first 3 trials failed; the last: no such weights"):
        run(tmp_path / "study.db", 30, failing, told=told)
    assert all(math.isnan(ended.value) for ended in told)


def test_two_searches_do_not_write_one_study(tmp_path):
    writing = opened(tmp_path / "study.db", "name", LOSS)
    with writing, pytest.raises(SoraError, match="another search is writing this study"):
        run(tmp_path / "study.db", 1)


def test_a_file_that_is_no_study_is_left_alone(tmp_path):
    path = tmp_path / "study.db"
    path.write_text("my diary")
    with pytest.raises(SoraError, match="no study of this version of Optuna"):
        run(path, 1)
    assert path.read_text() == "my diary"


def test_the_table_has_every_trial_and_importance_finds_what_matters(tmp_path):
    path = tmp_path / "study.db"
    run(path, 20)
    with opened(path, "name", LOSS) as (study, others):
        table, shares = trial_table(study, SPACE), importances(study)
    assert others == []
    table = table[table["state"] != "not counted"]
    assert len(table) == 20
    linear = table[(table["train.head"] == "linear") & (table["state"] == "finished")]
    expected = (linear["train.dropout"].astype(float) - 0.3) ** 2 + 0.01
    assert list(linear["value"]) == pytest.approx(list(expected))
    assert set(table.loc[table["num_folds"] < 3, "state"]) == {"given up"}
    assert table.loc[table["train.head"] == "linear", "train.units"].isna().all()
    assert sum(shares.values()) == pytest.approx(1)
