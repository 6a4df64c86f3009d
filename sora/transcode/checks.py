"""What can be known to fail before hours of work."""

import shutil
from pathlib import Path

from sora.errors import SoraError
from sora.transcode.coding import Target

# Coded H.264 at a rate factor of 18, of camera pictures with noise; six more or less halve or double it.
_BITS_PER_PIXEL, _AT_RATE_FACTOR = 0.25, 18
_HEVC_SHARE = 0.6


def check_output(path: Path, output: Path, *, force: bool) -> None:
    """See that a result may be written.

    Raises:
        SoraError: its folder is missing, it is the input, or it exists and ``force`` is not given.
    """
    if not output.parent.is_dir():
        raise SoraError(f"{output}: there is no folder {output.parent}; make it first")
    if output.is_dir():
        raise SoraError(f"{output}: expected the name of a file, this is a folder")
    if output.exists() and path.exists() and output.samefile(path):
        raise SoraError(f"{output}: is the video itself; name another file")
    if output.exists() and not force:
        raise SoraError(f"{output}: exists already; it is replaced only with --force")


def check_room(output: Path, target: Target, num_frames: int, written_bytes: int) -> None:
    """See that the disk has room for the parts and the result together, by an estimate.

    ``written_bytes`` of them are written already.

    Raises:
        SoraError: it probably has not.
    """
    needed = estimated_bytes(target, num_frames) - written_bytes
    free = shutil.disk_usage(output.parent).free
    if needed > free:
        raise SoraError(
            f"{output}: needs about {_megabytes(needed)} while it is written, {_megabytes(free)} are free; "
            "make room, or write to another disk"
        )


def estimated_bytes(target: Target, num_frames: int) -> int:
    """Return about how many bytes are on the disk at most: parts, result and the copied streams."""
    bits = _BITS_PER_PIXEL * 2 ** ((_AT_RATE_FACTOR - target.coding.rate_factor) / 6)
    share = _HEVC_SHARE if target.coding.codec == "hevc" else 1
    coded = num_frames * target.width * target.height * bits * share / 8
    copied = target.source.path.stat().st_size * min(1, num_frames / max(1, target.source.num_frames))
    return round(2 * coded + copied)


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.0f} MB"
