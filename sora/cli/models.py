"""Commands about models: search, comparison, report."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from sora.cli.application import failure, print_lines


def tune(
    *,
    trials: Annotated[
        int | None, typer.Option(min=1, help="Of the study in all. [default: 30, or the whole grid]")
    ] = None,
    space: Annotated[Path, typer.Option(help="What may be chosen.")] = Path("tuning.yaml"),
    sampler: Annotated[Literal["tpe", "grid"], typer.Option(help="Bayesian, or every point once.")] = "tpe",
    workers: Annotated[int, typer.Option(min=0, help="Trials at a time; 0: one for each core.")] = 1,
    metric: Annotated[
        Literal["log_loss", "accuracy"], typer.Option(help="What decides between trials.")
    ] = "log_loss",
    folds: Annotated[int, typer.Option(min=2, help="Of the groups of the training videos.")] = 3,
    study: Annotated[Path, typer.Option(help="Where the trials are kept; a search resumes from it.")] = Path(
        ".tuning/study.db"
    ),
) -> None:
    """Search parameters of train on the stored features; the winner becomes a DVC experiment.

    Trials are judged by validation on groups inside train and val; test videos are never looked at. With one
    worker the same search gives the same trials.
    """
    from sora.errors import SoraError
    from sora.params import read_section
    from sora.tuning.command import Request, run_search
    from sora.tuning.workers import Judging

    try:
        judging = Judging(metric, folds, read_section("seed", int))
        print_lines(run_search(Request(trials, space, sampler, workers, study, judging)))
    except SoraError as error:
        raise failure(str(error)) from error


def compare(
    rev_a: Annotated[str, typer.Argument(help="A git revision or a DVC experiment.")],
    rev_b: Annotated[str, typer.Argument(help="Another; workspace is your files as they are.")] = "workspace",
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write all of it there as well.")
    ] = None,
) -> None:
    """Say whether the model of REV_B is better than that of REV_A on the same held-out videos."""
    from rich.console import Console

    from sora.atomic import write_json
    from sora.comparison.revisions import compare_revisions
    from sora.comparison.tables import show
    from sora.comparison.words import as_json
    from sora.errors import SoraError

    try:
        found = compare_revisions(rev_a, rev_b)
    except SoraError as error:
        raise failure(str(error)) from error
    if json_file:
        write_json(json_file, as_json(found))
    show(found, Console())


def report(
    against: Annotated[
        str | None, typer.Option(help="A revision or experiment: adds a comparison.", metavar="REV")
    ] = None,
) -> None:
    """Open the report of the model that is here in a browser, and print where it lies."""
    from sora.errors import SoraError
    from sora.params import read_section
    from sora.report.command import open_page, report_file, write_report_against
    from sora.stages import package

    try:
        if against is None:
            page = report_file()
        else:
            page = write_report_against(against, read_section("package", package.Params).choices)
    except SoraError as error:
        raise failure(str(error)) from error
    open_page(page)
    print(page)


def update(
    *,
    off: Annotated[
        bool, typer.Option("--off", help="Let the next training start from nothing again.")
    ] = False,
) -> None:
    """Let the next training start from the model that serves and learn only what came since."""
    from sora.errors import SoraError
    from sora.updating import call_off_update, propose_update

    try:
        print_lines(call_off_update() if off else propose_update())
    except SoraError as error:
        raise failure(str(error)) from error
