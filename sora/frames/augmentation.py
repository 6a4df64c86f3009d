"""Augmented views of a clip: one draw of changes for all of its frames, the same wherever it is made."""

import hashlib
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import cv2
import numpy as np

from sora.frames.bounds import Ge, Le, Lt

VERSION = 1  # raise it when other pixels come out

_LUMA = np.array([0.299, 0.587, 0.114])
# RGB to YIQ (NTSC), where a turn of I and Q is a turn of the hue at equal luma.
_TO_YIQ = np.array([[0.299, 0.587, 0.114], [0.596, -0.274, -0.322], [0.211, -0.523, 0.312]])


@dataclass(frozen=True)
class AugmentSpec:
    """How far each change may go; zeros (and ``flip: false``) change nothing.

    Attributes:
        rotation_degrees: turn about the centre, either way.
        flip: whether half of the views are mirrored left to right.
        no_flip_labels: labels whose meaning a mirror would change, such as "turning left".
        crop: largest share of each side that is cut off, at a random place.
        scale: largest zoom, in or out, as a share; the border is mirrored where the picture shrinks.
        brightness: largest shift, as a share of 255.
        contrast: largest change about mid-grey, as a share.
        saturation: largest change, as a share.
        hue_degrees: largest turn of the hues, either way.
        noise: largest standard deviation of Gaussian noise, as a share of 255: one strength for the clip,
            drawn anew for each frame, as a sensor's is.
        time_shift: largest shift of the moments, as a share of the clip.
        speed: largest change, as a share, of how fast moments follow one another; frames within a moment keep
            their interval. Moments beyond the ends of the clip are its first or last.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid", "strict": True}

    rotation_degrees: Annotated[float, Ge(0), Le(180)]
    flip: bool
    no_flip_labels: list[str]
    crop: Annotated[float, Ge(0), Lt(1)]
    scale: Annotated[float, Ge(0), Le(4)]
    brightness: Annotated[float, Ge(0), Le(1)]
    contrast: Annotated[float, Ge(0), Le(1)]
    saturation: Annotated[float, Ge(0), Le(1)]
    hue_degrees: Annotated[float, Ge(0), Le(180)]
    noise: Annotated[float, Ge(0), Le(1)]
    time_shift: Annotated[float, Ge(0), Le(1)]
    speed: Annotated[float, Ge(0), Le(4)]

    def may_flip(self, label: str) -> bool:
        """Whether a clip with this label may be mirrored."""
        return self.flip and label not in self.no_flip_labels


@dataclass(frozen=True)
class Changes:
    """One draw: what is done to every frame of a clip. The defaults change nothing.

    Attributes:
        rotation_degrees: counter-clockwise.
        flip: mirrored left to right.
        window_share: side of the part that is kept, as a share of the side.
        window_left, window_top: where it lies, 0 to 1, of the room there is.
        zoom: factor; above 1 is nearer.
        brightness: added, as a share of 255.
        contrast, saturation: factors.
        hue_degrees: turn of the hues.
        noise: standard deviation, as a share of 255.
        time_shift: of the moments, as a share of the clip.
        speed: factor; above 1 is faster.
    """

    rotation_degrees: float = 0.0
    flip: bool = False
    window_share: float = 1.0
    window_left: float = 0.5
    window_top: float = 0.5
    zoom: float = 1.0
    brightness: float = 0.0
    contrast: float = 1.0
    saturation: float = 1.0
    hue_degrees: float = 0.0
    noise: float = 0.0
    time_shift: float = 0.0
    speed: float = 1.0


def augment(
    segments: np.ndarray, spec: AugmentSpec, *, may_flip: bool, seed: int, key: str, view: int
) -> np.ndarray:
    """Return view number ``view`` of a clip; the same arguments give the same pixels.

    Args:
        segments: uint8 RGB (T, K, H, W, 3) in [0, 255], T moments of K frames each.
        spec: how far each change may go.
        may_flip: whether the clip's label allows a mirror (``AugmentSpec.may_flip``).
        seed: of the project.
        key: of the clip, such as its content hash or store key.
        view: 0 is the clip itself.

    Returns:
        uint8 RGB (T, K, H, W, 3).
    """
    if view == 0:
        return segments
    rng = np.random.default_rng(_entropy(seed, key, view))
    changes = draw_changes(spec, rng, may_flip=may_flip)
    return apply_changes(segments, changes, rng)


def draw_changes(spec: AugmentSpec, rng: np.random.Generator, *, may_flip: bool) -> Changes:
    """Draw one set of changes; every number is always drawn, so that no option moves another's."""
    turn, zoom, bright, contrast, saturation, hue, shift, speed = rng.uniform(-1, 1, 8)
    cut, left, top, mirror, noise = rng.uniform(0, 1, 5)
    return Changes(
        rotation_degrees=turn * spec.rotation_degrees,
        flip=bool(may_flip and mirror < 0.5),
        window_share=1 - cut * spec.crop,
        window_left=left,
        window_top=top,
        zoom=(1 + spec.scale) ** zoom,
        brightness=bright * spec.brightness,
        contrast=1 + contrast * spec.contrast,
        saturation=1 + saturation * spec.saturation,
        hue_degrees=hue * spec.hue_degrees,
        noise=noise * spec.noise,
        time_shift=shift * spec.time_shift,
        speed=(1 + spec.speed) ** speed,
    )


def apply_changes(segments: np.ndarray, changes: Changes, rng: np.random.Generator) -> np.ndarray:
    """Apply ``changes`` to a clip, uint8 RGB (T, K, H, W, 3); ``rng`` gives the noise."""
    moments = moments_shown(len(segments), changes.time_shift, changes.speed)
    frames = segments[moments].reshape(-1, *segments.shape[2:])
    moved = _warped(frames, changes)
    coloured = _recoloured(moved, changes)
    return _with_noise(coloured, changes.noise, rng).reshape(segments.shape)


def moments_shown(num_segments: int, time_shift: float, speed: float) -> np.ndarray:
    """Return which moment, int (T,), stands at each place of a clip that is shifted and sped up."""
    middle = (num_segments - 1) / 2
    places = (np.arange(num_segments) - middle) * speed + middle + time_shift * num_segments
    return np.clip(np.rint(np.round(places, 6)), 0, num_segments - 1).astype(int)


def _entropy(seed: int, key: str, view: int) -> int:
    digest = hashlib.sha256(f"{seed}/{key}/{view}".encode()).digest()
    return int.from_bytes(digest[:16], "big")


def _warped(frames: np.ndarray, changes: Changes) -> np.ndarray:
    """Turn, zoom, cut and mirror in one interpolation, so that pictures are softened once."""
    height, width = frames.shape[1:3]
    if changes.flip:
        frames = frames[:, :, ::-1]
    matrix = _affine(width, height, changes)
    if np.allclose(matrix, np.eye(2, 3)):
        return frames
    return np.stack(
        [
            cv2.warpAffine(
                np.ascontiguousarray(frame),
                matrix,
                (width, height),
                flags=cv2.INTER_LINEAR,
                borderMode=cv2.BORDER_REFLECT_101,
            )
            for frame in frames
        ]
    )


def _affine(width: int, height: int, changes: Changes) -> np.ndarray:
    """Return the matrix (2, 3) that takes source pixels to those of the view."""
    factor = changes.zoom / changes.window_share
    centre = (width - 1) / 2, (height - 1) / 2
    matrix = cv2.getRotationMatrix2D(centre, changes.rotation_degrees, factor)
    room = factor * (1 - changes.window_share)  # how far the kept window may move, in sides of the view
    matrix[0, 2] += room * (0.5 - changes.window_left) * width
    matrix[1, 2] += room * (0.5 - changes.window_top) * height
    return matrix


def _recoloured(frames: np.ndarray, changes: Changes) -> np.ndarray:
    """Apply every change of colour as one linear map, rounded once."""
    matrix = _colour_matrix(changes)
    offset = 127.5 * (1 - changes.contrast) + 255 * changes.brightness
    if np.allclose(matrix, np.eye(3), atol=1e-9) and abs(offset) < 1e-9:
        return frames
    linear = np.column_stack([matrix, np.full(3, offset)])
    levels = [cv2.transform(frame.astype(np.float32), linear) for frame in frames]
    return np.clip(np.rint(levels), 0, 255).astype(np.uint8)


def _colour_matrix(changes: Changes) -> np.ndarray:
    matrix = np.eye(3)
    if changes.saturation != 1:
        matrix = changes.saturation * matrix + (1 - changes.saturation) * np.tile(_LUMA, (3, 1))
    if changes.hue_degrees:
        cosine, sine = np.cos(np.radians(changes.hue_degrees)), np.sin(np.radians(changes.hue_degrees))
        turn = np.array([[1, 0, 0], [0, cosine, -sine], [0, sine, cosine]])
        matrix = np.linalg.inv(_TO_YIQ) @ turn @ _TO_YIQ @ matrix
    return changes.contrast * matrix


def _with_noise(frames: np.ndarray, noise: float, rng: np.random.Generator) -> np.ndarray:
    if noise == 0:
        return frames
    added = rng.standard_normal(frames.shape, np.float32) * np.float32(255 * noise)
    return np.clip(np.rint(frames + added), 0, 255).astype(np.uint8)
