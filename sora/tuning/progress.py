"""What can be seen of a search while it runs: a bar with an estimate, or a line for each trial."""

import math
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sora.tuning.objective import Metric
from sora.tuning.search import Ended


@contextmanager
def showing_trials(metric: Metric, num_done: int, num_trials: int) -> Iterator[Callable[[Ended], None]]:
    """Yield a function that shows a trial which is over; ``num_done`` were so before."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task("tune", completed=num_done, total=num_trials)
        best = math.nan

        def show(ended: Ended) -> None:
            nonlocal best
            best = best if ended.reason else _better(metric, best, ended.value)
            bar.update(task, advance=1, description=f"tune: best {metric.replace('_', ' ')} {best:.4f}")
            if not console.is_terminal:
                print(_line(ended), file=sys.stderr, flush=True)

        yield show


def _better(metric: Metric, one: float, other: float) -> float:
    if math.isnan(one):
        return other
    return min(one, other) if metric == "log_loss" else max(one, other)


def _line(ended: Ended) -> str:
    if not ended.num_folds:
        return f"trial {ended.number}: failed: {ended.reason}"
    given_up = f", given up after fold {ended.num_folds}: {ended.reason}" if ended.reason else ""
    return f"trial {ended.number}: {ended.value:.4f}{given_up}"
