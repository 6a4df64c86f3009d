"""The Sora residual network: features taken at several depths and fused, per frame or over whole clips.

Residual blocks: He et al., "Deep Residual Learning for Image Recognition" (https://arxiv.org/abs/1512.03385).
Clips: Tran et al., "A Closer Look at Spatiotemporal Convolutions" (https://arxiv.org/abs/1711.11248).
Gated fusion: Arevalo et al., "Gated Multimodal Units for Information Fusion" (https://arxiv.org/abs/1702.01992).
"""

from collections.abc import Sequence
from typing import Literal

import keras
from keras import layers

from sora.errors import SoraError
from sora.networks.clip_layers import TemporalConvolution

Fusion = Literal["concatenate", "gated"]

_STEM_KERNEL_SIZE = 5
_KERNEL_SIZE = 3
_MOMENTUM = 0.9  # the usual 0.99 forgets too slowly for a few hundred steps


def residual_network(
    *,
    image_size_px: int,
    num_blocks: Sequence[int] = (1, 1, 1, 1),
    widths: Sequence[int] = (16, 32, 64, 128),
    num_frames: int = 0,
    taps: Sequence[int] = (2, 3, 4),
    fusion: Fusion = "gated",
    fused_size: int = 128,
    dropout: float = 0.0,
) -> keras.Model:
    """Build the network with random weights, from Keras' global seed.

    Input: float32 (N, image_size_px, image_size_px, 3), RGB, (rgb - 127) / 128 with rgb in 0..255.
    Output: float32 (N, F); F is the sum of the tapped widths for ``concatenate``, and ``fused_size``, with
    values in -len(taps)..len(taps), for ``gated``.

    Args:
        image_size_px: side of the images; each stage halves its map, and the stem does so before the first.
        num_blocks: residual blocks of each stage.
        widths: channels of each stage.
        num_frames: 0: every image by itself. T: the batch is clips of T frames, one after the other, and
            every 3x3 convolution of a block is followed by one along time.
        taps: stages, from 1, whose maps are averaged over the image and fused.
        fusion: all averages side by side, or their sum, each under a gate that sees them all.
        fused_size: width of the gated sum.
        dropout: share of the averages that is dropped while training.

    Raises:
        SoraError: the lists do not fit each other, or the image is too small for so many stages.
    """
    _check(image_size_px, num_blocks, widths, num_frames, taps, fusion)
    images = keras.Input((image_size_px, image_size_px, 3), name="images")
    x = _convolution(images, widths[0], _STEM_KERNEL_SIZE, 2, "stem")
    x = layers.ReLU(name="stem_relu")(_normalised(x, "stem"))
    means: dict[str, keras.KerasTensor] = {}
    for stage, (count, width) in enumerate(zip(num_blocks, widths, strict=True), start=1):
        for block in range(1, count + 1):
            stride = 2 if block == 1 and stage > 1 else 1
            x = _residual_block(x, width, stride, num_frames, f"stage{stage}_block{block}")
        if stage in taps:
            mean = layers.GlobalAveragePooling2D(name=f"stage{stage}_mean")(x)
            means[f"stage{stage}"] = layers.Dropout(dropout, name=f"stage{stage}_dropout")(mean)
    return keras.Model(images, _FUSIONS[fusion](means, fused_size), name="residual")


def _check(
    image_size_px: int,
    num_blocks: Sequence[int],
    widths: Sequence[int],
    num_frames: int,
    taps: Sequence[int],
    fusion: str,
) -> None:
    if len(num_blocks) != len(widths) or not widths or min(*num_blocks, *widths) < 1:
        raise SoraError(
            f"residual network: expected a number of blocks and a width, from 1, for each stage; "
            f"got num_blocks {list(num_blocks)} and widths {list(widths)}"
        )
    if not taps or len(set(taps)) < len(taps) or not set(taps) <= set(range(1, len(widths) + 1)):
        raise SoraError(f"taps: expected different stages of 1 to {len(widths)}, got {list(taps)}")
    if image_size_px < 2 ** len(widths):
        raise SoraError(
            f"image_size_px: expected at least {2 ** len(widths)} for {len(widths)} stages, got {image_size_px}"
        )
    if num_frames < 0:
        raise SoraError(f"num_frames: expected 0 (single frames) or more, got {num_frames}")
    if fusion not in _FUSIONS:
        raise SoraError(f"fusion: expected one of {', '.join(_FUSIONS)}, got {fusion!r}")


def _residual_block(
    x: keras.KerasTensor, width: int, stride: int, num_frames: int, name: str
) -> keras.KerasTensor:
    """Two convolutions beside a skip, which is the identity where the shape allows it."""
    shortcut = x
    if stride > 1 or x.shape[-1] != width:
        shortcut = _normalised(_convolution(x, width, 1, stride, f"{name}_skip"), f"{name}_skip")
    x = _spacetime_convolution(x, width, stride, num_frames, f"{name}_first")
    x = layers.ReLU(name=f"{name}_first_relu")(_normalised(x, f"{name}_first"))
    x = _spacetime_convolution(x, width, 1, num_frames, f"{name}_second")
    # The block starts as its skip: Goyal et al., 2017 (https://arxiv.org/abs/1706.02677).
    x = _normalised(x, f"{name}_second", gamma="zeros")
    return layers.ReLU(name=f"{name}_relu")(layers.Add(name=f"{name}_add")([shortcut, x]))


def _spacetime_convolution(
    x: keras.KerasTensor, width: int, stride: int, num_frames: int, name: str
) -> keras.KerasTensor:
    """A 3x3 convolution; in clips 1x3x3 and then 3x1x1, together as many weights as 3x3x3."""
    if not num_frames:
        return _convolution(x, width, _KERNEL_SIZE, stride, name)
    inner = _factorised_width(x.shape[-1], width)
    x = _convolution(x, inner, _KERNEL_SIZE, stride, f"{name}_space")
    x = layers.ReLU(name=f"{name}_space_relu")(_normalised(x, f"{name}_space"))
    return TemporalConvolution(width, _KERNEL_SIZE, num_frames, name=name)(x)


def _factorised_width(num_inputs: int, num_outputs: int, size: int = _KERNEL_SIZE) -> int:
    """Give the channels between the halves at which they have the weights of size x size x size."""
    whole = size**3 * num_inputs * num_outputs
    return max(1, whole // (size**2 * num_inputs + size * num_outputs))


def _concatenated(means: dict[str, keras.KerasTensor], fused_size: int) -> keras.KerasTensor:
    return layers.Concatenate(name="features")([*means.values()]) if len(means) > 1 else [*means.values()][0]


def _gated(means: dict[str, keras.KerasTensor], fused_size: int) -> keras.KerasTensor:
    together = _concatenated(means, fused_size)
    gated = []
    for stage, mean in means.items():
        value = layers.Dense(fused_size, name=f"{stage}_value")(mean)
        value = layers.Activation("tanh", name=f"{stage}_tanh")(value)
        gate = layers.Dense(fused_size, name=f"{stage}_gate")(together)
        gate = layers.Activation("sigmoid", name=f"{stage}_sigmoid")(gate)
        gated.append(layers.Multiply(name=f"{stage}_gated")([gate, value]))
    return layers.Add(name="fused")(gated) if len(gated) > 1 else gated[0]


def _convolution(
    x: keras.KerasTensor, width: int, kernel_size: int, stride: int, name: str
) -> keras.KerasTensor:
    return layers.Conv2D(
        width, kernel_size, stride, "same", use_bias=False, kernel_initializer="he_normal", name=name
    )(x)


def _normalised(x: keras.KerasTensor, name: str, gamma: str = "ones") -> keras.KerasTensor:
    return layers.BatchNormalization(momentum=_MOMENTUM, gamma_initializer=gamma, name=f"{name}_bn")(x)


_FUSIONS = {"concatenate": _concatenated, "gated": _gated}
