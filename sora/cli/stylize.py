"""Commands that paint videos."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sora.cli.application import failure, print_lines
from sora.cli.transcoding import (
    CodecOption,
    Force,
    Output,
    Preview,
    Quality,
    Video,
    Wanted,
    write_through,
)

if TYPE_CHECKING:
    from sora.transcode.effect import Effect


def stylize(
    video: Video,
    output: Output,
    style: Annotated[str, typer.Option(help="A name or number that `sora styles` shows, or an image.")],
    *,
    strength: Annotated[float, typer.Option(min=0, max=1, help="1: a painting; 0: the video.")] = 1.0,
    detail: Annotated[
        int | None,
        typer.Option(
            min=64,
            max=4096,
            help="Longest side of what is painted: more, and strokes are finer, and it takes longer.",
            show_default="the video's, but 512 to 1280",
            metavar="PX",
        ),
    ] = None,
    codec: CodecOption = "h264",
    quality: Quality = None,
    preview: Preview = None,
    force: Force = False,
) -> None:
    """Paint a video in a style, with its sound and times; run it again where it was interrupted."""

    def effect() -> "Effect":
        from sora.stylize.effect import Stylize
        from sora.stylize.styles import find_style

        return Stylize(find_style(style), strength, detail)

    write_through(video, effect, Wanted(output, codec, quality, preview, force))


def styles(
    video: Video,
    output: Annotated[Path, typer.Option("--output", "-o", help="The sheet to write: .png.", metavar="FILE")],
    at: Annotated[
        float | None,
        typer.Option(min=0, help="When the frame is shown.", show_default="the middle", metavar="SECONDS"),
    ] = None,
    *,
    force: Force = False,
) -> None:
    """Show all built-in styles on one frame of a video."""
    from sora.errors import SoraError, VideoError
    from sora.stylize.sheet import write_sheet
    from sora.transcode.checks import check_output

    try:
        check_output(video, output, force=force)
        write_sheet(video, output, at)
    except VideoError as error:
        raise failure(f"{video}: {error}") from error
    except SoraError as error:
        raise failure(str(error)) from error
    print_lines([str(output)])
