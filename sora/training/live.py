"""What can be seen of a fit while it runs: a bar on a terminal, and DVCLive's files."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dvclive import Live
    from rich.progress import Progress, TaskID

Row = dict[str, Any]


@contextmanager
def showing(num_epochs: int, folder: Path) -> Iterator[Callable[[Row], None]]:
    """Yield a function that shows the row of an epoch (see ``sora.training.fit_classifier.fit_classifier``).

    Nothing is printed where the output is no terminal. ``folder`` gets metrics.json and one table for each
    measure, anew with each fit; no experiment and no dvc.yaml are made. The rows of a refit, which have no
    validation, go to tables of their own. In a git repository without a commit nothing is logged: DVCLive
    needs one.
    """
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    bar = Progress(console=console, disable=not console.is_terminal)
    with bar, _live(folder) as live:
        task = bar.add_task("training", total=num_epochs)

        def show(row: Row) -> None:
            _advance(bar, task, row)
            if live:
                _log(live, row)

        yield show


def _live(folder: Path) -> AbstractContextManager["Live | None"]:
    from dvclive import Live
    from scmrepo.exceptions import SCMError

    try:
        return Live(str(folder), save_dvc_exp=False, dvcyaml=None)
    except SCMError:
        return nullcontext()


def _advance(bar: "Progress", task: "TaskID", row: Row) -> None:
    known = [
        f"{name} {row[name]:.3f}" for name in ("loss", "val_loss", "val_accuracy") if row[name] is not None
    ]
    bar.update(task, completed=row["epoch"], description=", ".join(known))


def _log(live: "Live", row: Row) -> None:
    is_refit = row["val_loss"] is None and "val_loss" in live.summary
    for name, value in row.items():
        if name != "epoch" and value is not None:
            live.log_metric(f"refit_{name}" if is_refit else name, value)
    live.next_step()
