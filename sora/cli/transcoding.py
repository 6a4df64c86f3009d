"""What the commands share that write a video from a video: options, progress, and how they end."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

import typer

from sora.cli.application import failure, print_lines

if TYPE_CHECKING:
    from sora.transcode.effect import Effect
    from sora.transcode.run import OnProgress, Step

Video = Annotated[Path, typer.Argument(help="A video file.")]
Output = Annotated[
    Path, typer.Option("--output", "-o", help="The video to write: .mp4, .mov or .mkv.", metavar="FILE")
]
Codec: TypeAlias = Literal["h264", "hevc"]
CodecOption = Annotated[Codec, typer.Option(help="H.264, or HEVC: smaller and slower.")]
Quality = Annotated[
    int | None,
    typer.Option(min=0, max=51, help="0 (best, largest) to 51.", show_default="18 for h264, 21 for hevc"),
]
Preview = Annotated[
    float | None,
    typer.Option(min=0.1, help="Only the first seconds, source and result side by side.", metavar="SECONDS"),
]
Force = Annotated[bool, typer.Option("--force", help="Replace an output that exists.")]


@dataclass(frozen=True)
class Wanted:
    """What the shared options say; the names are theirs."""

    output: Path
    codec: Codec
    quality: int | None
    preview: float | None
    force: bool


def write_through(video: Path, make_effect: "Callable[[], Effect]", wanted: Wanted) -> None:
    """Write a video through an effect, with progress on a terminal; print where it is."""
    from math import inf

    from sora.errors import SoraError, VideoError
    from sora.transcode.coding import Coding
    from sora.transcode.run import Job, transcode
    from sora.transcode.side_by_side import SideBySide

    coding = Coding(wanted.codec, wanted.quality)
    end_seconds = inf if wanted.preview is None else wanted.preview
    job = Job(video, wanted.output, coding, end_seconds, wanted.force)
    try:
        effect = make_effect()
        with _progress() as show:
            report = transcode(job, effect if wanted.preview is None else SideBySide(effect), show)
    except KeyboardInterrupt:
        typer.echo("stopped; the same command goes on where it was", err=True)
        raise
    except VideoError as error:
        raise failure(f"{video}: {error}") from error
    except SoraError as error:
        raise failure(str(error)) from error
    for warning in report.warnings:
        typer.echo(f"warning: {video}: {warning}", err=True)
    print_lines([str(wanted.output)])


@contextmanager
def _progress() -> "Iterator[OnProgress]":
    """Yield a function that shows how many frames of how many are done, and how long the rest will take."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    console = Console(stderr=True)
    with Progress(*columns, console=console, disable=not sys.stderr.isatty(), transient=True) as progress:
        task = progress.add_task("reading", total=None)
        shown = ""

        def show(step: "Step", done: int, total: int) -> None:
            nonlocal shown
            if step != shown:  # what came before, or an earlier run did, says nothing of how fast this is
                progress.reset(task, description=step, total=total, completed=done)
                shown = step
            progress.update(task, completed=done, total=max(done, total))

        yield show
