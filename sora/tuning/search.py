"""The search itself: which trial is next, when one is given up, and when all is done."""

import math
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, field
from statistics import fmean
from typing import TYPE_CHECKING, Literal

import numpy as np

from sora.errors import SoraError
from sora.training.spec import TrainSpec
from sora.tuning.space import Space, params_at
from sora.tuning.study import finished, points_tried, suggested
from sora.tuning.workers import Scorers

if TYPE_CHECKING:
    from optuna import Study
    from optuna.samplers import BaseSampler
    from optuna.trial import Trial

Sampler = Literal["tpe", "grid"]
REASON = "reason"  # of a trial that was given up, among its attributes

_MAX_ATTEMPTS = 20  # at parameters that were not tried yet
_ENOUGH_FAILURES = 3  # in a row, from the first: then it is not the parameters


@dataclass(frozen=True)
class Ended:
    """A trial that is over.

    Attributes:
        number: of the trial.
        value: the mean over the folds that were scored; NaN if a fit failed.
        num_folds: that were scored.
        reason: why it was given up; empty if it was not.
    """

    number: int
    value: float
    num_folds: int
    reason: str = ""


@dataclass
class _Running:
    trial: "Trial"
    params: TrainSpec
    scores: list[float] = field(default_factory=list)


@dataclass
class Search:
    """One run of a study: trials are asked for and told of here; child processes only score folds.

    With one worker the trials are the same from run to run, also when a run was killed and resumed: the
    sampler is seeded for each trial by how many stand before it.

    Attributes:
        study: as ``sora.tuning.study.opened`` gives it.
        base: the parameters that are not searched.
        num_folds: of each trial.
        seed: of the sampler.
        on_end: called with each trial that is over.
    """

    study: "Study"
    space: Space
    base: TrainSpec
    num_folds: int
    seed: int
    on_end: Callable[[Ended], None]

    def run(self, scorers: Scorers, num_workers: int, num_trials: int) -> None:
        """Go on until ``num_trials`` trials of the study are over, those of earlier runs included.

        Raises:
            SoraError: the first trials all fail, so that there is nothing to choose from.
        """
        running: dict[Future[float], _Running] = {}
        while True:
            num_begun = len(finished(self.study)) + len(running)
            for number in range(num_begun, min(num_trials, num_begun + num_workers - len(running))):
                begun = self._begin(number)
                running[scorers.submit(begun.params, 0)] = begun
            if not running:
                return
            ready = wait(running, return_when=FIRST_COMPLETED).done
            for future in sorted(ready, key=lambda each: running[each].trial.number):
                one = running.pop(future)
                if self._goes_on(one, scorers, future):
                    running[scorers.submit(one.params, len(one.scores))] = one

    def _begin(self, number: int) -> _Running:
        """Ask for the next trial; the same parameters again would only cost time."""
        from optuna.trial import TrialState

        for attempt in range(_MAX_ATTEMPTS):
            self.study.sampler = _sampler((self.seed, number, attempt))
            trial = self.study.ask()
            point = suggested(trial, self.space)
            if point not in points_tried(self.study, self.space, before=trial.number):
                break
            if attempt + 1 < _MAX_ATTEMPTS:
                trial.set_user_attr(REASON, "the same as an earlier trial")
                self.study.tell(trial, state=TrialState.FAIL)
        return _Running(trial, params_at(self.base, point, "tune"))

    def _goes_on(self, one: _Running, scorers: Scorers, future: "Future[float]") -> bool:
        """Take in the score of a fold; return whether the next fold is to be scored."""
        try:
            one.scores.append(scorers.result(future))
        except SoraError as error:
            self._give_up(one, str(error))
            self._require_some_success()
            return False
        one.trial.report(fmean(one.scores), len(one.scores))
        if len(one.scores) == self.num_folds:
            self.study.tell(one.trial, fmean(one.scores))
            self.on_end(Ended(one.trial.number, fmean(one.scores), self.num_folds))
            return False
        if one.trial.should_prune():
            self._give_up(one, "worse than the median of the others so far")
            return False
        return True

    def _give_up(self, one: _Running, reason: str) -> None:
        from optuna.trial import TrialState

        one.trial.set_user_attr(REASON, reason)
        self.study.tell(one.trial, state=TrialState.PRUNED)
        value = fmean(one.scores) if one.scores else math.nan
        self.on_end(Ended(one.trial.number, value, len(one.scores), reason))

    def _require_some_success(self) -> None:
        over = finished(self.study)
        if len(over) >= _ENOUGH_FAILURES and not any(trial.intermediate_values for trial in over):
            reason = over[-1].user_attrs[REASON]
            raise SoraError(f"tune: all of the first {len(over)} trials failed; the last: {reason}")


def _sampler(seeds: tuple[int, int, int]) -> "BaseSampler":
    """Return a sampler for one attempt, the last of ``seeds``."""
    from optuna.samplers import RandomSampler, TPESampler

    seed = int(np.random.SeedSequence(seeds).generate_state(1)[0])
    # Among choices alone TPE would propose the same again.
    return RandomSampler(seed) if seeds[-1] else TPESampler(seed=seed)
