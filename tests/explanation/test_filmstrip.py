import cv2
import numpy as np
import pytest
from pictures import noise

from sora.explanation.filmstrip import BARS_PX, GAP_PX, TILE_PX, film_strip

T, G, SIZE = 16, 4, 64
FRAMES = noise((T, SIZE, SIZE, 3), 0)


def drawn(cells, moments, frames=FRAMES):
    content = film_strip(frames, cells, moments)
    return cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR_RGB).astype(int)


def tile(picture, column, row):
    left, top = column * (TILE_PX + GAP_PX), row * (TILE_PX + GAP_PX)
    return picture[top : top + TILE_PX, left : left + TILE_PX]


def colourfulness(pixels):
    return (pixels.max(axis=-1) - pixels.min(axis=-1)).mean()


def test_eight_tiles_show_the_moments_that_count():
    frames = np.repeat(np.arange(T, dtype=np.uint8)[:, None] * 15, SIZE * SIZE * 3, 1).reshape(FRAMES.shape)
    moments = np.zeros(T)
    moments[[1, 2, 15]] = 1, 2, 3
    picture = drawn(np.zeros((T, G, G)), moments, frames)
    assert picture.shape == (2 * (TILE_PX + GAP_PX) + BARS_PX, 8 * (TILE_PX + GAP_PX) - GAP_PX, 3)
    for column, shown in ((0, 1), (1, 2), (7, 15)):
        assert tile(picture, column, 0).mean() == pytest.approx(15 * shown, abs=2)


def test_heat_lies_where_the_cell_is():
    cells = np.full((T, G, G), -5.0)
    cells[3, 0, 3] = 2
    moments = np.zeros(T)
    moments[3] = 1
    picture = drawn(cells, moments)
    hot = tile(picture, 1, 1)
    quarter = TILE_PX // G
    assert colourfulness(hot[:quarter, -quarter:]) > 40
    assert colourfulness(hot[-quarter:]) < 10
    assert colourfulness(tile(picture, 2, 1)) < 10


def test_bars_go_up_for_the_answer_and_down_against_it():
    moments = np.linspace(-1, 1, T)
    bars = drawn(np.ones((T, G, G)), moments)[-BARS_PX:]
    inked = (bars < 240).any(axis=-1)
    middles = [int((i // 2) * (TILE_PX + GAP_PX) + (i % 2 + 0.5) * TILE_PX / 2) for i in range(T)]
    tops = [int(np.flatnonzero(inked[:, x])[0]) for x in middles]
    assert tops[8:] == sorted(tops[8:], reverse=True)
    assert tops[-1] <= 1
    assert min(tops[:8]) >= BARS_PX - 10


def test_few_moments_and_nothing_to_show_are_drawn_too():
    flat = film_strip(FRAMES[:3], np.zeros((3, G, G)), np.zeros(3))
    assert flat == film_strip(FRAMES[:3], np.zeros((3, G, G)), np.zeros(3))
    assert drawn(np.zeros((3, G, G)), np.zeros(3), FRAMES[:3]).shape[1] == 3 * (TILE_PX + GAP_PX) - GAP_PX
