"""The command that makes the pictures of a video better."""

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from sora.cli.application import failure
from sora.cli.transcoding import CodecOption, Force, Output, Preview, Quality, Video, Wanted, write_through

if TYPE_CHECKING:
    from sora.transcode.effect import Effect


def enhance(
    video: Video,
    output: Output,
    *,
    scale: Annotated[
        Literal["1", "2", "4"], typer.Option(help="How many times as wide and high, by a network.")
    ] = "1",
    network: Annotated[
        Literal["photo", "own"],
        typer.Option(help="To enlarge by: that for photos, or that trained on this project's videos."),
    ] = "photo",
    denoise: Annotated[bool, typer.Option("--denoise", help="Average noise away along the motion.")] = False,
    deflicker: Annotated[bool, typer.Option("--deflicker", help="Even out the brightness.")] = False,
    stabilize: Annotated[
        bool, typer.Option("--stabilize", help="Steady the camera; 6 % of each side are cut off.")
    ] = False,
    codec: CodecOption = "h264",
    quality: Quality = None,
    preview: Preview = None,
    force: Force = False,
) -> None:
    """Enlarge or restore a video; sound and times stay. An interrupted run goes on when run again."""
    if scale == "1" and not (denoise or deflicker or stabilize):
        raise failure("nothing to do: give --scale 2, --denoise, --deflicker or --stabilize")
    if scale == "1" and network == "own":
        raise failure("--network own enlarges: give --scale 2 or 4 with it")

    def make_effect() -> "Effect":
        from sora.enhance.effect import Enhancement, Options
        from sora.enhance.judgement import load_own_enlarger
        from sora.enhance.network import load_enlarger

        load = load_own_enlarger if network == "own" else load_enlarger
        options = Options(int(scale), denoise, deflicker, stabilize)
        return Enhancement(options, None if scale == "1" else load())

    write_through(video, make_effect, Wanted(output, codec, quality, preview, force))
