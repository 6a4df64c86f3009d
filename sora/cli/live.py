"""Commands about video as it comes."""

import json
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from sora.cli.application import failure


def watch(
    source: Annotated[
        str, typer.Argument(help="A camera's number, an rtsp:// or http:// address, or a file.")
    ],
    *,
    model: Annotated[Path, typer.Option(help="A bundle of the recipe fast.")] = Path("models/sora"),
    every: Annotated[int, typer.Option(min=1, help="Frames from answer to answer.")] = 8,
    window_seconds: Annotated[
        float | None,
        typer.Option(
            min=0.1,
            help="How far back an answer looks; best as long as the training videos. "
            "[default: one moment for each answer]",
        ),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Also a video with the answers drawn in.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json/--text", help="JSON, or lines for people.")] = True,
    unpaced: Annotated[
        bool, typer.Option("--unpaced", help="Play a file as fast as it is classified; drop nothing.")
    ] = False,
    stall_seconds: Annotated[
        float, typer.Option(min=0.5, help="A source that is silent for so long is lost.")
    ] = 10.0,
) -> None:
    """Classify a camera, a stream or a file as it plays: one line an answer, until Ctrl-C.

    A lost camera or stream is tried again until it is back. Exit code 0 after Ctrl-C too.
    """
    from sora.errors import SoraError
    from sora.live.command import Request, run_watch
    from sora.live.watch import Rhythm

    def show(answer: dict[str, Any]) -> None:
        try:
            print(json.dumps(answer, ensure_ascii=False) if as_json else _line(answer), flush=True)
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for what is left in its buffer
            raise

    def tell(line: str) -> None:
        typer.echo(line, err=True)

    rhythm = Rhythm(every, window_seconds)
    try:
        run_watch(Request(source, model, rhythm, output, not unpaced, stall_seconds), show, tell)
    except SoraError as error:
        raise failure(str(error)) from error


def _line(answer: dict[str, Any]) -> str:
    found = answer.get("error") or f"{answer['label']} {answer['probabilities'][answer['label']]:.2f}"
    return f"{answer['time_seconds']:9.2f} s  {found}{'  (warming up)' if answer['warming_up'] else ''}"
