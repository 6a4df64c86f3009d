"""Procedural backdrops: rooms, studios, walls, landscapes, stripes and blurred shapes."""

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from sora.demo.appearance import Colour, random_colour

Image = NDArray[np.uint8]
Backdrop = Callable[[Image, int, np.random.Generator], None]


def random_background(width_px: int, height_px: int, floor_px: int, rng: np.random.Generator) -> Image:
    """Return a backdrop: (height_px, width_px, 3), RGB uint8; its floor begins at row ``floor_px``."""
    image = np.zeros((height_px, width_px, 3), np.uint8)
    BACKDROPS[rng.integers(len(BACKDROPS))](image, floor_px, rng)
    return _textured(image, rng)


def _muted(rng: np.random.Generator) -> Colour:
    return random_colour(rng, saturation=(0.05, 0.45), value=(0.35, 0.92))


def _scaled(colour: Colour, factor: float) -> Colour:
    red, green, blue = (int(min(255, channel * factor)) for channel in colour)
    return red, green, blue


def _blend_down(image: Image, top: int, bottom: int, first: Colour, last: Colour) -> None:
    """Fill rows ``top`` to ``bottom`` with a vertical gradient."""
    share = np.linspace(0, 1, max(bottom - top, 1))[:, None, None]
    image[top:bottom] = np.rint(np.array(first) * (1 - share) + np.array(last) * share).astype(np.uint8)


def _floor(image: Image, floor_px: int, rng: np.random.Generator) -> None:
    """A floor of boards that run towards a vanishing point, or a plain one."""
    height, width = image.shape[:2]
    colour = _muted(rng)
    _blend_down(image, floor_px, height, _scaled(colour, 0.8), _scaled(colour, 1.05))
    if rng.random() < 0.6:
        vanishing = (int(width * rng.uniform(0.3, 0.7)), floor_px - height // 3)
        for x in range(-2 * width, 3 * width, max(width // 7, 8)):
            visible = image[floor_px:]
            start, end = (vanishing[0], vanishing[1] - floor_px), (x, height - floor_px)
            cv2.line(visible, start, end, _scaled(colour, 0.7), 1, cv2.LINE_AA)


def room(image: Image, floor_px: int, rng: np.random.Generator) -> None:
    """A wall with pictures, a window or furniture, a skirting board and a floor."""
    height, width = image.shape[:2]
    wall = _muted(rng)
    _blend_down(image, 0, floor_px, _scaled(wall, 1.05), _scaled(wall, 0.85))
    _floor(image, floor_px, rng)
    cv2.rectangle(image, (0, floor_px - height // 40), (width, floor_px), _scaled(wall, 1.2), -1)
    for _ in range(rng.integers(2, 6)):
        _furnish(image, floor_px, rng)


def _furnish(image: Image, floor_px: int, rng: np.random.Generator) -> None:
    """One framed rectangle, hanging on the wall or standing on the floor."""
    height, width = image.shape[:2]
    size = np.array([width, height]) * rng.uniform(0.08, 0.24, 2)
    left = rng.uniform(-0.05, 1) * width
    standing = rng.random() < 0.4
    top = floor_px - size[1] if standing else rng.uniform(0.05, 0.45) * floor_px
    first, last = (int(left), int(top)), (int(left + size[0]), int(top + size[1]))
    colour = _muted(rng)
    cv2.rectangle(image, first, last, colour, -1)
    cv2.rectangle(image, first, last, _scaled(colour, 0.55), 2, cv2.LINE_AA)
    if not standing:
        cv2.line(
            image, ((first[0] + last[0]) // 2, first[1]), ((first[0] + last[0]) // 2, last[1]), _muted(rng), 2
        )


def studio(image: Image, floor_px: int, rng: np.random.Generator) -> None:
    """A seamless sweep between two colours with a soft pool of light."""
    height, width = image.shape[:2]
    first, last = _muted(rng), _muted(rng)
    _blend_down(image, 0, height, first, last)
    rows, columns = np.mgrid[0:height, 0:width]
    centre = (rng.uniform(0.3, 0.7) * width, rng.uniform(0.2, 0.6) * height)
    distance = np.hypot((columns - centre[0]) / width, (rows - centre[1]) / height)
    glow = 1.2 - 0.7 * np.clip(distance, 0, 1)
    image[:] = np.clip(image * glow[..., None], 0, 255).astype(np.uint8)


def bricks(image: Image, floor_px: int, rng: np.random.Generator) -> None:
    """A wall of bricks, each of a slightly different tone, above a floor."""
    height, width = image.shape[:2]
    colour = random_colour(rng, saturation=(0.15, 0.55), value=(0.4, 0.85))
    image[:] = _scaled(colour, 0.72)
    row_px = int(height * rng.uniform(0.035, 0.06)) + 3
    brick_px = int(row_px * rng.uniform(2.0, 3.0))
    for row, top in enumerate(range(0, floor_px, row_px)):
        for left in range(-(row % 2) * brick_px // 2, width, brick_px):
            tone = _scaled(colour, rng.uniform(0.88, 1.1))
            cv2.rectangle(image, (left, top), (left + brick_px - 3, top + row_px - 3), tone, -1)
    _floor(image, floor_px, rng)


def outdoors(image: Image, floor_px: int, rng: np.random.Generator) -> None:
    """Sky, hills and grass, with trees on the horizon."""
    height, width = image.shape[:2]
    _blend_down(image, 0, floor_px, (96, 150, 214), (222, 226, 226))
    x = np.arange(width + 1)
    for depth in range(3):
        tone = random_colour(rng, saturation=(0.15, 0.4), value=(0.35, 0.6))
        waves = np.sin(2 * np.pi * (x * rng.uniform(0.6, 2.0) / width + rng.random()))
        ridge = floor_px - height * (0.2 - 0.06 * depth) * (0.75 + 0.25 * waves)
        outline = np.concatenate([np.stack([x, ridge], axis=-1), [[width, height], [0, height]]])
        cv2.fillPoly(image, [np.rint(outline).astype(np.int32)], tone, cv2.LINE_AA)
    grass = int(rng.uniform(110, 165))
    _blend_down(image, floor_px, height, (grass - 40, grass, 70), (grass - 70, grass - 35, 50))
    for _ in range(rng.integers(0, 5)):
        _plant_tree(image, floor_px, rng)


def _plant_tree(image: Image, floor_px: int, rng: np.random.Generator) -> None:
    height, width = image.shape[:2]
    size = height * rng.uniform(0.08, 0.16)
    x, crown = int(rng.uniform(0, width)), int(floor_px - 1.8 * size)
    cv2.rectangle(image, (x - 3, crown), (x + 3, floor_px), (84, 62, 44), -1)
    for _ in range(7):
        leaf = random_colour(rng, saturation=(0.35, 0.6), value=(0.3, 0.5))
        leaf = (min(leaf), max(leaf), min(leaf) + 10)
        middle = (int(x + rng.normal(0, size / 3)), int(crown + rng.normal(0, size / 3)))
        cv2.circle(image, middle, int(size / 2), leaf, -1, cv2.LINE_AA)


def stripes(image: Image, floor_px: int, rng: np.random.Generator) -> None:
    """Stripes at any angle, sharp or soft."""
    height, width = image.shape[:2]
    angle, period = rng.uniform(0, np.pi), rng.uniform(0.06, 0.2) * width
    rows, columns = np.mgrid[0:height, 0:width]
    wave = np.sin(2 * np.pi * (columns * np.cos(angle) + rows * np.sin(angle)) / period)
    share = 0.5 + 0.5 * np.clip(wave * rng.uniform(1, 8), -1, 1)[..., None]
    first = _muted(rng)
    last = _scaled(first, rng.uniform(0.6, 0.85)) if rng.random() < 0.6 else _muted(rng)
    image[:] = np.rint(np.array(first) * share + np.array(last) * (1 - share)).astype(np.uint8)
    if rng.random() < 0.5:
        _floor(image, floor_px, rng)


def blurred_shapes(image: Image, floor_px: int, rng: np.random.Generator) -> None:
    """Large random shapes out of focus."""
    height, width = image.shape[:2]
    image[:] = _muted(rng)
    for _ in range(rng.integers(12, 30)):
        middle = rng.uniform(0, 1, 2) * (width, height)
        if rng.random() < 0.5:
            cv2.circle(
                image, middle.astype(int).tolist(), int(height * rng.uniform(0.04, 0.16)), _muted(rng), -1
            )
        else:
            corners = middle + rng.normal(0, height * 0.14, (4, 2))
            cv2.fillConvexPoly(image, cv2.convexHull(corners.astype(np.int32)), _muted(rng))
    image[:] = cv2.GaussianBlur(image, (0, 0), height * rng.uniform(0.012, 0.05))


def _textured(image: Image, rng: np.random.Generator) -> Image:
    """Return the image with coarse and fine unevenness, and sometimes slightly out of focus."""
    height, width = image.shape[:2]
    coarse = cv2.resize(
        rng.normal(0, 1, (9, 13)).astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC
    )
    fine = rng.normal(0, 1, (height, width)).astype(np.float32)
    unevenness = 1 + 0.03 * coarse + rng.uniform(0, 0.03) * fine
    uneven = np.clip(image * unevenness[..., None], 0, 255).astype(np.uint8)
    return cv2.GaussianBlur(uneven, (0, 0), rng.uniform(0.5, 1.8)).astype(np.uint8)


BACKDROPS: tuple[Backdrop, ...] = (room, studio, bricks, outdoors, stripes, blurred_shapes)
