"""The storyboard: key frames with their times, on a page that shows where in the video they lie."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import cv2
import numpy as np

from sora.apps.summary.times import clock

TILE_WIDTH_PX = 320
_MAX_TILE_HEIGHT_PX = 640  # a strip of a video that is taller is squeezed
_MAX_COLUMNS = 4
_MARGIN, _GAP, _CAPTION, _HEAD, _BAR, _FOOT = 32, 16, 34, 84, 10, 58
_PAPER, _INK, _SOFT = (255, 255, 255), (32, 38, 46), (105, 114, 125)
_LATIN_END = 0x250
_SHOTS, _MARK = ((201, 212, 224), (226, 232, 239)), (217, 95, 2)


class _Style(NamedTuple):
    size: int
    colour: tuple[int, int, int]
    weight: int = 400


_TITLE, _SUBTITLE = _Style(26, _INK, 700), _Style(17, _SOFT)
_TIME, _SCALE = _Style(17, _INK, 700), _Style(15, _SOFT)


@dataclass(frozen=True, eq=False)
class Tile:
    """A key frame, uint8 RGB (H, W, 3), its time, and what stands beside that."""

    picture: np.ndarray
    seconds: float
    caption: str


def storyboard(
    tiles: Sequence[Tile], title: str, subtitle: str, cuts_seconds: Sequence[float], duration_seconds: float
) -> bytes:
    """Draw a storyboard as a PNG; equal input gives equal bytes.

    Below the key frames is the video from begin to end: its shots in two shades, and a mark for each frame.

    Args:
        tiles: one or more, in order of time, all pictures of one shape.
        title, subtitle: what stands above them; any script that OpenCV's own fonts have, Chinese included.
        cuts_seconds: between the shots.
        duration_seconds: of the video.
    """
    title = "".join(letter if letter.isprintable() else "?" for letter in title)
    columns = min(_MAX_COLUMNS, len(tiles))
    shape = tiles[0].picture.shape
    height = min(max(1, round(TILE_WIDTH_PX * shape[0] / shape[1])), _MAX_TILE_HEIGHT_PX)
    rows = -(-len(tiles) // columns)
    inner = max(columns, 2) * (TILE_WIDTH_PX + _GAP) - _GAP
    size = _HEAD + rows * (height + _CAPTION) + _BAR + _FOOT, inner + 2 * _MARGIN, 3
    page = np.full(size, _PAPER, np.uint8)
    _write(page, _fitting(title, inner, _TITLE), (_MARGIN, 44), _TITLE)
    _write(page, _fitting(subtitle, inner, _SUBTITLE), (_MARGIN, 70), _SUBTITLE)
    for number, tile in enumerate(tiles):
        row, column = divmod(number, columns)
        corner = _MARGIN + column * (TILE_WIDTH_PX + _GAP), _HEAD + row * (height + _CAPTION)
        _draw_tile(page, tile, corner, height)
    _draw_line(page, tiles, cuts_seconds, duration_seconds)
    return cv2.imencode(".png", page[..., ::-1])[1].tobytes()


def _draw_tile(page: np.ndarray, tile: Tile, corner: tuple[int, int], height: int) -> None:
    left, top = corner
    small = cv2.resize(tile.picture, (TILE_WIDTH_PX, height), interpolation=cv2.INTER_AREA)
    page[top : top + height, left : left + TILE_WIDTH_PX] = small
    time, base = clock(tile.seconds), top + height + 22
    _write(page, time, (left, base), _TIME)
    used = _width(time, _TIME) + 12
    caption = _fitting(tile.caption, TILE_WIDTH_PX - used, _SUBTITLE)
    _write(page, caption, (left + used, base), _SUBTITLE)


def _draw_line(
    page: np.ndarray, tiles: Sequence[Tile], cuts_seconds: Sequence[float], duration_seconds: float
) -> None:
    top, left, right = page.shape[0] - _FOOT - _BAR + 12, _MARGIN, page.shape[1] - _MARGIN
    places = [left + (right - left) * s / duration_seconds for s in (0.0, *cuts_seconds, duration_seconds)]
    edges = [round(place) for place in places]
    for shot, (start, end) in enumerate(pairwise(edges)):
        page[top : top + _BAR, start : max(end, start + 1)] = _SHOTS[shot % 2]
    for tile in tiles:
        middle = round(left + (right - left) * tile.seconds / duration_seconds)
        page[top - 4 : top + _BAR + 4, middle - 1 : middle + 2] = _MARK
    end_text = clock(duration_seconds)
    _write(page, clock(0), (left, top + _BAR + 24), _SCALE)
    _write(page, end_text, (right - _width(end_text, _SCALE), top + _BAR + 24), _SCALE)


def _write(page: np.ndarray, text: str, place: tuple[int, int], style: _Style) -> None:
    cv2.putText(page, text, place, style.colour, _font(text), style.size, style.weight)


def _width(text: str, style: _Style) -> int:
    return int(cv2.getTextSize((0, 0), text, (0, 0), _font(text), style.size, style.weight)[2])


def _font(text: str) -> cv2.FontFace:
    """Return the font of OpenCV that has these letters; "uni" has Chinese, Japanese and Korean ones."""
    is_western = all(ord(letter) < _LATIN_END or letter in "–·" for letter in text)
    return cv2.FontFace("sans" if is_western else "uni")


def _fitting(text: str, width: int, style: _Style) -> str:
    """Cut a text that is too wide, with an ellipsis."""
    if _width(text, style) <= width:
        return text
    while text and _width(text + "...", style) > width:
        text = text[:-1]
    return text.rstrip() + "..."
