"""The ``sora`` command: adapts words to calls, and results to lines."""

import json
from pathlib import Path
from typing import Annotated, Literal

import typer

from sora import __version__

app = typer.Typer(
    help="Video understanding from a folder of labelled videos: versioned, measured, compressed, served.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _version(wanted: bool) -> None:
    if wanted:
        print(__version__)
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[bool, typer.Option("--version", callback=_version, help="Print the version.")] = False,
) -> None:
    """Carry the options that stand before a command."""


@app.command()
def predict(
    videos: Annotated[list[Path], typer.Argument(help="Video files.", metavar="VIDEO...")],
    model: Annotated[Path, typer.Option(help="The bundle that compress wrote.")] = Path("models/sora"),
) -> None:
    """Classify videos: one JSON object a line; exit code 0 only if every video was predicted."""
    from sora.errors import SoraError
    from sora.predictor import Predictor

    try:
        predictor = Predictor(model)
    except SoraError as error:
        raise _failure(str(error)) from error
    failed = False
    for video in videos:
        answer: dict[str, object] = {"video": str(video)}
        try:
            answer |= predictor.answer(video)
        except SoraError as error:
            failed = True
            answer["error"] = str(error)
        print(json.dumps(answer, ensure_ascii=False), flush=True)
    raise typer.Exit(int(failed))


@app.command()
def inspect(
    video: Annotated[Path, typer.Argument(help="A video file.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Show the decoded facts of a video; exit code 1 where it is not wholly readable."""
    from dataclasses import asdict

    from sora.errors import VideoError
    from sora.guard import Guard
    from sora.video.probe import VideoFacts, probe

    with Guard() as guard:
        try:
            found = guard.call(probe, video)
        except VideoError as error:
            found = VideoFacts(error=str(error))
    facts = asdict(found)
    if not facts["error"]:
        del facts["error"]
    if as_json:
        print(json.dumps(facts, ensure_ascii=False))
    else:
        width = max(map(len, facts))
        for name, value in facts.items():
            if not name.endswith("_hashes"):  # hundreds of digits that say nothing to a person
                print(f"{name.replace('_', ' '):<{width}}  {value}")
    raise typer.Exit(int("error" in facts))


@app.command()
def preview(
    source: Annotated[str, typer.Argument(help="A video, a folder of videos, or a label.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The PNG to write.")] = Path("preview.png"),
    videos: Annotated[int, typer.Option(min=1, max=20, help="The most videos to show.")] = 4,
    views: Annotated[int, typer.Option(min=0, max=20, help="Augmented views of each video.")] = 2,
) -> None:
    """Draw a contact sheet of videos before and after cleaning and augmentation, as params.yaml has it."""
    from sora.errors import SoraError
    from sora.params import read_section
    from sora.preview.command import write_preview
    from sora.preview.content import Recipe
    from sora.stages import extract, preprocess

    try:
        augment = read_section("extract", extract.Params).augment
        recipe = Recipe(
            read_section("preprocess", preprocess.Params), augment, read_section("seed", int), views
        )
        unreadable = write_preview(source, recipe, videos, output)
    except SoraError as error:
        raise _failure(str(error)) from error
    for line in unreadable:
        typer.echo(f"left out: {line}", err=True)
    print(output)


@app.command()
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
        _print_lines(run_search(Request(trials, space, sampler, workers, study, judging)))
    except SoraError as error:
        raise _failure(str(error)) from error


@app.command()
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
        raise _failure(str(error)) from error
    if json_file:
        write_json(json_file, as_json(found))
    show(found, Console())


@app.command()
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
        raise _failure(str(error)) from error
    open_page(page)
    print(page)


@app.command()
def status() -> None:
    """Show what is trained, on what, how good it is, and which stages are stale."""
    from sora.status import status_lines

    _print_lines(status_lines())


@app.command()
def doctor() -> None:
    """Check versions, codecs, weights and disk; exit code 1 where something is wrong."""
    from sora.doctor import checks

    found = checks()
    _print_lines([f"{'ok ' if check.good else 'BAD'} {check.name:<28} {check.text}" for check in found])
    raise typer.Exit(int(not all(check.good for check in found)))


def _print_lines(lines: list[str]) -> None:
    print("\n".join(lines))


def _failure(message: str) -> typer.Exit:
    typer.echo(f"error: {message}", err=True)
    return typer.Exit(1)
