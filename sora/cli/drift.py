"""The command about how the videos of today differ from those that the model was measured on."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from sora import layout
from sora.cli.application import failure, print_lines

_DATES = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]


def drift(
    window: Annotated[
        list[Path],
        typer.Argument(help="Videos and folders of videos, or one journal.", metavar="VIDEO...|JOURNAL"),
    ],
    *,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Where to write.", metavar="DIR")
    ] = layout.DRIFT,
    last: Annotated[
        int | None, typer.Option("--window", min=1, help="Only the last so many of a journal.", metavar="N")
    ] = None,
    since: Annotated[
        datetime | None, typer.Option(formats=_DATES, help="Only those of a journal since then (UTC).")
    ] = None,
    against: Annotated[
        str,
        typer.Option(help="test (of which the model saw none), val, train, a journal or a folder of videos."),
    ] = "test",
    groups: Annotated[
        str, typer.Option(help="Finds the source of a video in its path: a pattern with (?P<group>...).")
    ] = "",
    model: Annotated[Path, typer.Option(help="The bundle that compress wrote.")] = layout.BUNDLE,
    alpha: Annotated[float, typer.Option(min=0.001, max=0.5, help="Share of false alarms.")] = 0.05,
    min_effect: Annotated[float, typer.Option(min=0, max=1, help="Smallest effect worth an alarm.")] = 0.1,
) -> None:
    """Say whether videos are still like those that the model was measured on; writes a page and JSON."""
    from sora.drift.command import Request, write_drift
    from sora.drift.journal import Window
    from sora.errors import SoraError

    part = Window(last, since.replace(tzinfo=UTC) if since else None)
    try:
        request = Request(
            tuple(window),
            part,
            against=against,
            groups=groups,
            model=model,
            alpha=alpha,
            min_effect=min_effect,
        )
        says, page = write_drift(request, output)
    except SoraError as error:
        raise failure(str(error)) from error
    print_lines([*says, str(page)])
