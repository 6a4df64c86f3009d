"""What runs in a process of its own, for it decodes what nobody vouches for, and for hours."""

import resource
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sora.enhance.effect import Enhancement, Options
from sora.enhance.network import load_enlarger
from sora.errors import SoraError, VideoError
from sora.heap import keep_freed_memory
from sora.serving.locking import locked
from sora.serving.remaking.measure import output_name, target_of
from sora.serving.remaking.wish import Wish
from sora.stylize.effect import Stylize
from sora.stylize.styles import NAMES, built_in_style
from sora.transcode.effect import Effect
from sora.transcode.run import Job, Step, transcode
from sora.transcode.source import read_source

if TYPE_CHECKING:
    from ctypes import Array, c_longlong

_progress: "Array[c_longlong] | None" = None  # how many frames are done, and how many there are


@dataclass(frozen=True)
class Made:
    """A video that was made; ``warning`` is what a person should know of it, or empty."""

    file: str
    width: int
    height: int
    num_frames: int
    warning: str


def start(progress: "Array[c_longlong]", memory_gib: int) -> None:
    """Prepare this process: where it tells how far it is, and how much memory it may take."""
    global _progress  # noqa: PLW0603
    _progress = progress
    limit = memory_gib * 2**30
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    keep_freed_memory()


def make(path: Path, folder: Path, wish: Wish) -> Made:
    """Make the wanted video of the one at ``path`` in ``folder``, where finished parts are taken up.

    Raises:
        VideoError: it cannot be made; the message names no file.
    """
    with locked(folder / "lock"):  # until a process of an earlier attempt has gone
        target = target_of(read_source(path), wish)
        output = folder / output_name(target, wish)
        try:
            report = transcode(Job(path, output, force=True), _effect(wish), _tell)
        except VideoError:
            raise
        except SoraError as error:
            raise VideoError(str(error).removeprefix(f"{output}: ")) from error
    return Made(output.name, target.width, target.height, report.num_frames, "; ".join(report.warnings))


def _effect(wish: Wish) -> Effect:
    if wish.task == "stylize":
        return Stylize(built_in_style(NAMES.index(wish.style)), wish.strength)
    options = Options(wish.scale, wish.denoise, wish.deflicker, wish.stabilize)
    return Enhancement(options, None if wish.scale == 1 else load_enlarger())


def _tell(step: Step, done: int, total: int) -> None:
    assert _progress is not None
    if step == "writing":  # a look at the whole video may come first; progress never falls back
        _progress[:] = [done, total]
