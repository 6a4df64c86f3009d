"""The Sora residual network: features taken at several depths and fused, per frame or over whole clips.

Residual blocks: He et al., "Deep Residual Learning for Image Recognition" (https://arxiv.org/abs/1512.03385).
Clips: Tran et al., "A Closer Look at Spatiotemporal Convolutions" (https://arxiv.org/abs/1711.11248).
Gated fusion: Arevalo et al., "Gated Multimodal Units for Information Fusion" (https://arxiv.org/abs/1702.01992).
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import keras
from keras import layers

from sora.errors import SoraError
from sora.networks.clip_layers import FrameDifferences, TemporalConvolution

Fusion = Literal["concatenate", "gated"]

_STEM_KERNEL_SIZE = 5
_KERNEL_SIZE = 3
_MOMENTUM = 0.9  # the usual 0.99 forgets too slowly for a few hundred steps


class _Time(NamedTuple):
    num_frames: int
    kernel_size: int


def residual_network(
    *,
    image_size_px: int,
    num_blocks: Sequence[int] = (1, 1, 1, 1),
    widths: Sequence[int] = (16, 32, 64, 128),
    num_frames: int = 0,
    differences: bool = False,
    temporal_kernel_size: int = 3,
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
        num_frames: 0: every image by itself. T: the batch is clips of T frames, one after the other.
        differences: whether the first layer takes each frame of a clip from the next; without weights from
            elsewhere, a few hundred clips teach the network their backgrounds otherwise.
        temporal_kernel_size: of the convolution along time that follows each one in a block where there are
            clips; 1: none.
        taps: stages, from 1, whose maps are averaged over the image and fused.
        fusion: all averages side by side, or their sum, each under a gate that sees them all.
        fused_size: width of the gated sum.
        dropout: share of the averages that is dropped while training.

    Raises:
        SoraError: the lists do not fit each other, or the image is too small for so many stages.
    """
    _check_stages(num_blocks, widths, taps)
    _check_input(image_size_px, len(widths))
    _check_time(num_frames, differences, temporal_kernel_size)
    if fusion not in _FUSIONS:
        raise SoraError(f"fusion: expected one of {', '.join(_FUSIONS)}, got {fusion!r}")
    images = keras.Input((image_size_px, image_size_px, 3), name="images")
    x = FrameDifferences(num_frames, name="differences")(images) if differences else images
    x = _convolution(x, widths[0], _STEM_KERNEL_SIZE, 2, "stem")
    x = layers.ReLU(name="stem_relu")(_normalised(x, "stem"))
    time = _Time(num_frames, temporal_kernel_size if num_frames else 1)
    means: dict[str, keras.KerasTensor] = {}
    for stage, (count, width) in enumerate(zip(num_blocks, widths, strict=True), start=1):
        for block in range(1, count + 1):
            stride = 2 if block == 1 and stage > 1 else 1
            x = _residual_block(x, width, stride, time, f"stage{stage}_block{block}")
        if stage in taps:
            mean = layers.GlobalAveragePooling2D(name=f"stage{stage}_mean")(x)
            means[f"stage{stage}"] = layers.Dropout(dropout, name=f"stage{stage}_dropout")(mean)
    return keras.Model(images, _FUSIONS[fusion](means, fused_size), name="residual")


def _check_stages(num_blocks: Sequence[int], widths: Sequence[int], taps: Sequence[int]) -> None:
    if len(num_blocks) != len(widths) or not widths or min(*num_blocks, *widths) < 1:
        raise SoraError(
            f"residual network: expected a number of blocks and a width, from 1, for each stage; "
            f"got num_blocks {list(num_blocks)} and widths {list(widths)}"
        )
    if not taps or len(set(taps)) < len(taps) or not set(taps) <= set(range(1, len(widths) + 1)):
        raise SoraError(f"taps: expected different stages of 1 to {len(widths)}, got {list(taps)}")


def _check_input(image_size_px: int, num_stages: int) -> None:
    if image_size_px < 2**num_stages:
        raise SoraError(
            f"image_size_px: expected at least {2**num_stages} for {num_stages} stages, got {image_size_px}"
        )


def _check_time(num_frames: int, differences: bool, temporal_kernel_size: int) -> None:
    if num_frames < (2 if differences else 0):
        expected = "2 or more for differences" if differences else "0 (single frames) or more"
        raise SoraError(f"num_frames: expected {expected}, got {num_frames}")
    if temporal_kernel_size < 1:
        raise SoraError(f"temporal_kernel_size: expected 1 (none) or more, got {temporal_kernel_size}")


def _residual_block(
    x: keras.KerasTensor, width: int, stride: int, time: _Time, name: str
) -> keras.KerasTensor:
    """Two convolutions beside a skip, which is the identity where the shape allows it."""
    shortcut = x
    if stride > 1 or x.shape[-1] != width:
        shortcut = _normalised(_convolution(x, width, 1, stride, f"{name}_skip"), f"{name}_skip")
    x = _spacetime_convolution(x, width, stride, time, f"{name}_first")
    x = layers.ReLU(name=f"{name}_first_relu")(_normalised(x, f"{name}_first"))
    x = _spacetime_convolution(x, width, 1, time, f"{name}_second")
    # The block starts as its skip: Goyal et al., 2017 (https://arxiv.org/abs/1706.02677).
    x = _normalised(x, f"{name}_second", gamma="zeros")
    return layers.ReLU(name=f"{name}_relu")(layers.Add(name=f"{name}_add")([shortcut, x]))


def _spacetime_convolution(
    x: keras.KerasTensor, width: int, stride: int, time: _Time, name: str
) -> keras.KerasTensor:
    """A 3x3 convolution; in clips 1x3x3 and then kx1x1, together as many weights as kx3x3."""
    if time.kernel_size == 1:
        return _convolution(x, width, _KERNEL_SIZE, stride, name)
    inner = _factorised_width(x.shape[-1], width, time.kernel_size)
    x = _convolution(x, inner, _KERNEL_SIZE, stride, f"{name}_space")
    x = layers.ReLU(name=f"{name}_space_relu")(_normalised(x, f"{name}_space"))
    return TemporalConvolution(width, time.kernel_size, time.num_frames, name=name)(x)


def _factorised_width(num_inputs: int, num_outputs: int, time_size: int) -> int:
    """Give the channels between the halves at which they have the weights of time_size x 3 x 3."""
    area = _KERNEL_SIZE**2
    weights = time_size * area * num_inputs * num_outputs
    return max(1, weights // (area * num_inputs + time_size * num_outputs))


def _concatenated(means: dict[str, keras.KerasTensor], fused_size: int) -> keras.KerasTensor:
    first, *others = means.values()
    return layers.Concatenate(name="features")([first, *others]) if others else first


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
