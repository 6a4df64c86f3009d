"""The 1000 objects and scenes of ImageNet, from the features that the backbone gives anyway."""

import hashlib
import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sora.atomic import write_bytes
from sora.bundle import Bundle
from sora.errors import SoraError
from sora.frames.spec import InputSpec
from sora.networks.backbones import feature_blocks
from sora.networks.weights import PACKAGED

STREAM, BLOCK = "rgb", "mean"  # whose features the classifier takes
EXPORT = "sora.apps.analysis.object_export"
AGAIN = f"write it again with {EXPORT}"


@dataclass(frozen=True, eq=False)
class ObjectClassifier:
    """The last layer of an ImageNet network.

    Attributes:
        kernel: float32 (F, N).
        bias: float32 (N,).
        names: of the N objects.
        backbone_sha256: of the file whose features it fits.
    """

    kernel: np.ndarray
    bias: np.ndarray
    names: tuple[str, ...]
    backbone_sha256: str

    @property
    def digest(self) -> str:
        """Hexadecimal, the same for equal content."""
        return _digest(self.kernel, self.bias, self.names, self.backbone_sha256)

    def scores(self, features: np.ndarray) -> np.ndarray:
        """Give the mean over moments of the probabilities, float32 (N,), of features, float32 (T, F)."""
        logits = features @ self.kernel + self.bias
        odds = np.exp(logits - logits.max(axis=1, keepdims=True))
        return (odds / odds.sum(axis=1, keepdims=True)).mean(axis=0)


def classifier_path(bundle_folder: Path) -> Path:
    """Return where the classifier that fits a bundle lies: beside it."""
    return bundle_folder.with_name(f"{bundle_folder.name}.objects.npz")


def object_columns(spec: InputSpec) -> slice:
    """Return which columns of a video's features the classifier takes.

    Raises:
        SoraError: the recipe has no such features; the message says why.
    """
    if spec.backbone not in PACKAGED:
        raise SoraError(
            f"objects are named only with the backbones {', '.join(PACKAGED)}, and this is {spec.backbone}"
        )
    if STREAM not in spec.streams.names or BLOCK not in spec.backbone_blocks:
        raise SoraError(f"objects are named only with the stream {STREAM} and the block {BLOCK} of extract")
    blocks = feature_blocks(spec.backbone, spec.backbone_blocks)
    start = spec.streams.names.index(STREAM) * max(place.stop for place in blocks.values())
    return slice(start + blocks[BLOCK].start, start + blocks[BLOCK].stop)


def write_classifier(path: Path, classifier: ObjectClassifier) -> None:
    """Write a classifier with its checksum, atomically; equal content gives equal bytes."""
    buffer = io.BytesIO()
    np.savez(
        buffer,
        kernel=classifier.kernel,
        bias=classifier.bias,
        names=np.array(classifier.names),
        backbone_sha256=np.array(classifier.backbone_sha256),
        digest=np.array(classifier.digest),
    )
    write_bytes(path, buffer.getvalue())


def read_classifier(path: Path, bundle: Bundle) -> ObjectClassifier:
    """Read a classifier, and check that it is what was written and fits the bundle.

    Raises:
        SoraError: it is missing, damaged, or of another backbone.
    """
    try:
        with np.load(path, allow_pickle=False) as arrays:
            names = tuple(map(str, arrays["names"]))
            found = ObjectClassifier(arrays["kernel"], arrays["bias"], names, str(arrays["backbone_sha256"]))
            is_whole = str(arrays["digest"]) == found.digest
    except FileNotFoundError as error:
        raise SoraError(
            f"{path}: the classifier of objects is not here; {EXPORT} writes it, or tells why not"
        ) from error
    except (OSError, EOFError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise SoraError(f"{path}: is no classifier of objects ({type(error).__name__}); {AGAIN}") from error
    if not is_whole:
        raise SoraError(f"{path}: does not match its checksum; {AGAIN}")
    if found.backbone_sha256 != backbone_digest(bundle):
        raise SoraError(f"{path}: was made for the backbone of another bundle; {AGAIN}")
    return found


def backbone_digest(bundle: Bundle) -> str:
    """Return the SHA-256 of the bundle's backbone."""
    return hashlib.sha256(bundle.backbone.read_bytes()).hexdigest()


def _digest(kernel: np.ndarray, bias: np.ndarray, names: Sequence[str], backbone_sha256: str) -> str:
    arrays = (np.ascontiguousarray(array, "<f4") for array in (kernel, bias))
    text = "\n".join([*names, backbone_sha256])
    return hashlib.sha256(b"".join([*(array.tobytes() for array in arrays), text.encode()])).hexdigest()
