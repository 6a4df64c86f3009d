"""Painting a dressed figure onto a picture: outline, shade and light, limb by limb from far to near."""

from itertools import groupby

import cv2
import numpy as np
from numpy.typing import NDArray

from sora.demo.costume import Part
from sora.demo.figure import JOINTS
from sora.demo.pose import FloatArray

Image = NDArray[np.uint8]

SUPERSAMPLING = 2
FRACTION_BITS = 4  # OpenCV draws at sixteenths of a pixel
OUTLINE_PX = 0.7
LEG_SETBACK = 0.075  # body heights
FLAT_BELOW_PX = 1.5  # smaller parts, such as eyes, get neither outline nor shading
TURN = np.linspace(0, 2 * np.pi, 14, endpoint=False)
CORNERS = np.stack([np.cos(TURN), np.sin(TURN)], axis=-1)
# From the bottom up: size of a circle, its shift towards the light in radii, and the colour's brightness.
LAYERS = np.array([[1.0, 0.0, 0.34], [1.0, 0.0, 0.74], [0.8, 0.17, 1.0], [0.42, 0.4, 1.14]])
PLAIN_LAYER = 2
SOLES = [JOINTS.index(name) for name in ("left_heel", "left_toe", "right_heel", "right_toe")]


class FigurePainter:
    """Draws one dressed figure, frame by frame; ``light`` points to the light in the picture: right, down."""

    def __init__(self, parts: tuple[Part, ...], light: tuple[float, float]) -> None:
        circles = [circle for part in parts for circle in part.circles]
        self._parts = parts
        self._light = np.array(light)
        self._first = [JOINTS.index(circle.first) for circle in circles]
        self._second = [JOINTS.index(circle.second) for circle in circles]
        self._share = np.array([[circle.share] for circle in circles])
        self._radius = np.array([circle.radius for circle in circles])
        ends = np.cumsum([len(part.circles) for part in parts])
        self._circles_of = [
            slice(end - len(part.circles), end) for part, end in zip(parts, ends, strict=True)
        ]
        shades = LAYERS[:, 2, None, None]
        self._colours = np.array([part.colour for part in parts]) * shades  # (layers, parts, 3)
        self._groups: dict[str, list[int]] = {}
        for index, part in enumerate(parts):
            self._groups.setdefault(part.group, []).append(index)

    def draw(self, image: Image, joints: FloatArray, height_px: float) -> Image:
        """Return ``image`` (height, width, 3; RGB uint8) with the figure on top.

        ``joints`` has shape (len(JOINTS), 3): x and y in pixels of the image, and nearness to the camera
        in body heights. Only the surroundings of the figure are drawn, at twice the size, then averaged.
        """
        left, top, right, bottom = _surroundings(joints, height_px, image.shape)
        result = image.copy()
        if left >= right or top >= bottom:
            return result
        patch = image[top:bottom, left:right].repeat(SUPERSAMPLING, axis=0).repeat(SUPERSAMPLING, axis=1)
        moved = (joints - (left, top, 0)) * (SUPERSAMPLING, SUPERSAMPLING, 1)
        _draw_shadow(patch, moved, height_px * SUPERSAMPLING)
        self._draw_parts(patch, moved, height_px * SUPERSAMPLING)
        small = cv2.resize(patch, (right - left, bottom - top), interpolation=cv2.INTER_AREA)
        result[top:bottom, left:right] = small
        return result

    def _draw_parts(self, patch: Image, joints: FloatArray, height_px: float) -> None:
        centres = joints[self._first] + self._share * (joints[self._second] - joints[self._first])
        radii = self._radius * height_px
        rims = _rims(centres[:, :2], radii, self._light)
        nearness = {name: self._nearness(name, centres) for name in self._groups}
        for name in sorted(self._groups, key=lambda name: nearness[name]):
            brightness = np.clip(1 + 0.7 * nearness[name], 0.82, 1.06)
            self._draw_group(patch, self._groups[name], rims, radii, brightness)

    def _nearness(self, group: str, centres: FloatArray) -> float:
        """Return how near a group is, in body heights; a leg is over the shirt only if well in front."""
        parts = self._groups[group]  # the circles of a group are neighbours
        circles = slice(self._circles_of[parts[0]].start, self._circles_of[parts[-1]].stop)
        return float(centres[circles, 2].mean()) - (LEG_SETBACK if group.endswith("leg") else 0.0)

    def _draw_group(
        self, patch: Image, parts: list[int], rims: NDArray[np.int32], radii: FloatArray, brightness: float
    ) -> None:
        """Draw all outlines first and one colour at a time, so that no seam shows within a garment."""
        colours = np.minimum(self._colours * brightness, 255)
        runs = [list(run) for _, run in groupby(parts, key=lambda part: self._parts[part].colour)]
        strokes = [(0, part) for part in parts]
        strokes += [(layer, part) for run in runs for layer in range(1, len(LAYERS)) for part in run]
        for layer, part in strokes:
            circles = self._circles_of[part]
            if layer != PLAIN_LAYER and radii[circles].max() < FLAT_BELOW_PX * SUPERSAMPLING:
                continue
            hull = cv2.convexHull(rims[layer, circles].reshape(-1, 2))
            cv2.fillConvexPoly(patch, hull, colours[layer, part].tolist(), cv2.LINE_AA, FRACTION_BITS)


def _surroundings(joints: FloatArray, height_px: float, shape: tuple[int, ...]) -> tuple[int, int, int, int]:
    margin = 0.13 * height_px + 2
    low, high = joints[:, :2].min(axis=0) - margin, joints[:, :2].max(axis=0) + margin
    left, top = np.maximum(np.floor(low), 0).astype(int).tolist()
    right, bottom = np.minimum(np.ceil(high), (shape[1], shape[0])).astype(int).tolist()
    return left, top, right, bottom


def _rims(centres: FloatArray, radii: FloatArray, light: FloatArray) -> NDArray[np.int32]:
    """Return points around each circle, shape (layers, circles, corners, 2), in fractions of a pixel."""
    sizes = LAYERS[:, :1] * radii
    sizes[0] += OUTLINE_PX * SUPERSAMPLING
    shifts = (LAYERS[:, 1:2] * radii)[..., None] * light
    rims = (centres + shifts)[:, :, None] + sizes[..., None, None] * CORNERS
    return np.rint(rims * (1 << FRACTION_BITS)).astype(np.int32)


def _draw_shadow(patch: Image, joints: FloatArray, height_px: float) -> None:
    """Darken the ground between the feet, in steps from wide and faint to narrow."""
    soles = joints[SOLES]
    middle = np.array([(soles[:, 0].min() + soles[:, 0].max()) / 2, joints[JOINTS.index("ground"), 1]])
    reach = np.array([np.ptp(soles[:, 0]) / 2 + 0.05 * height_px, 0.04 * height_px])
    top = max(int(middle[1] - 1.3 * reach[1]), 0)
    ground, middle[1] = patch[top:], middle[1] - top
    for size in (1.2, 1.0, 0.8):
        rim = np.rint((middle + size * reach * CORNERS) * (1 << FRACTION_BITS)).astype(np.int32)
        shaded = ground.copy()
        cv2.fillConvexPoly(shaded, rim, (12, 12, 18), cv2.LINE_AA, FRACTION_BITS)
        cv2.addWeighted(shaded, 0.17, ground, 0.83, 0, dst=ground)
