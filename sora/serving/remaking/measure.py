"""How large the video that somebody wants would be; light to import, for the children that read videos."""

from dataclasses import dataclass
from math import prod
from pathlib import Path

from sora.errors import SoraError
from sora.serving.remaking.wish import Wish
from sora.stylize.painter import canvas_size
from sora.transcode.checks import estimated_bytes
from sora.transcode.coding import Coding, Target
from sora.transcode.container import check_streams
from sora.transcode.source import Source, read_source

_SUFFIXES = (".mp4", ".mkv")  # browsers play the first; the second holds any sound
_STEMS = {"enhance": "enhanced", "stylize": "stylized"}


@dataclass(frozen=True)
class Measure:
    """What a video would come to.

    Attributes:
        seconds: how long it lasts.
        num_pixels: that are computed, of all frames.
        needed_bytes: on the disk while it is made, about.
    """

    seconds: float
    num_pixels: int
    needed_bytes: int


def measure(path: Path, wish: Wish) -> Measure:
    """Return what the wanted video would come to, by the packets of its source.

    Raises:
        VideoError: the source cannot be read.
        SoraError: no container holds its streams, or the coder cannot do with the size.
    """
    target = target_of(read_source(path), wish)
    output_name(target, wish)
    num_frames = target.source.num_frames
    return Measure(
        float(num_frames / target.source.rate),
        num_frames * _pixels(target, wish),
        estimated_bytes(target, num_frames),
    )


def target_of(source: Source, wish: Wish) -> Target:
    """Return what is to be coded."""
    return Target(source, Coding(), wish.scale * source.width, wish.scale * source.height)


def _pixels(target: Target, wish: Wish) -> int:
    """Return how many pixels are computed for a frame: small ones are painted larger than they are."""
    shown = target.width * target.height
    return max(shown, prod(canvas_size(target.height, target.width))) if wish.task == "stylize" else shown


def output_name(target: Target, wish: Wish) -> str:
    """Return the name of the file that is made, in a container that holds all sound.

    Raises:
        SoraError: there is none, or the coder cannot do with the size.
    """
    names = [f"{_STEMS[wish.task]}{suffix}" for suffix in _SUFFIXES]
    try:
        check_streams(target, Path(names[0]))
    except SoraError:
        check_streams(target, Path(names[1]))
        return names[1]
    return names[0]
