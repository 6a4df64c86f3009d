"""Child processes that score folds; each loads TensorFlow and the features once."""

import logging
import multiprocessing
import os
import warnings
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Self

from pebble import ProcessExpired, ProcessPool

from sora.errors import SoraError
from sora.features import load_features
from sora.lifetime import die_with_parent
from sora.training.spec import TrainSpec
from sora.tuning.objective import Metric, Problem, build_problem, fold_score

# What a search may see. Test is not among it.
SPLITS = ("train", "val")


@dataclass(frozen=True)
class Judging:
    """How a trial is judged: see ``sora.tuning.objective.build_problem``."""

    metric: Metric
    num_folds: int
    seed: int

    def load_problem(self) -> Problem:
        """Read what a search needs; no file of a test video is opened.

        Raises:
            SoraError: the videos or their groups do not suffice.
        """
        features = load_features(SPLITS, all_views=True)
        return build_problem(features, metric=self.metric, num_folds=self.num_folds, seed=self.seed)


class Scorers:
    """So many child processes, which start with the first fold and end with the ``with`` block."""

    def __init__(self, num_workers: int, judging: Judging) -> None:
        num_threads = max(1, (os.cpu_count() or 1) // num_workers)
        self._pool = ProcessPool(
            num_workers,
            context=multiprocessing.get_context("spawn"),
            initializer=_start,
            initargs=[judging, num_threads],
        )

    def submit(self, params: TrainSpec, fold: int) -> "Future[float]":
        """Have a fold scored by ``sora.tuning.objective.fold_score``; see ``result``."""
        return self._pool.schedule(_score, [params, fold])

    def result(self, future: "Future[float]") -> float:
        """Give the score.

        Raises:
            SoraError: the fit failed, or its process died.
        """
        try:
            return future.result()
        except ProcessExpired as error:
            raise SoraError(
                f"its process died (exit code {error.exitcode}), perhaps for want of memory; "
                "try fewer --workers"
            ) from error
        except MemoryError as error:
            raise SoraError("not enough memory; try fewer --workers or fewer train.blocks") from error

    def __enter__(self) -> Self:
        """Give itself."""
        return self

    def __exit__(self, *error: object) -> None:
        """End the processes, at once where they are at work."""
        self._pool.stop()
        self._pool.join()


_problems: list[Problem] = []  # of the child that this module is loaded in: one, once it has started


def _start(judging: Judging, num_threads: int) -> None:
    die_with_parent()
    # Read when TensorFlow is imported: several children must not each take all cores.
    os.environ |= {"TF_NUM_INTRAOP_THREADS": str(num_threads), "TF_NUM_INTEROP_THREADS": "1"}
    from threadpoolctl import threadpool_limits

    from sora.quiet import import_tensorflow

    import_tensorflow()
    threadpool_limits(num_threads)
    # Both tell of fits that come one after the other in a process, which is what is wanted here.
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module="keras")
    _problems[:] = [judging.load_problem()]


def _score(params: TrainSpec, fold: int) -> float:
    return fold_score(_problems[0], params, fold)
