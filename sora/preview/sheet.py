"""Drawing a contact sheet as a PNG."""

import io
from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from sora.frames.geometry import scaled_size
from sora.preview.content import Row, Tile, VideoContent

_DPI = 144
_MARGIN, _TITLES_WIDTH = 28, 92
_TILE, _GAP, _TEXT_HEIGHT = 176, 8, 22
_HEADING_HEIGHT, _TIMELINE_HEIGHT, _BETWEEN_VIDEOS = 62, 54, 30
_BAR_HEIGHT = 14
_PAPER, _INK, _SOFT, _KEPT, _RED = "#ffffff", "#20262e", "#69727d", "#c9d4e0", "#c2352b"
_COLOURS = {
    "dark": "#3b3f46",
    "over-exposed": "#e0b43a",
    "still": "#8a63b8",
    "frozen": "#3f7fc1",
    "duplicate": "#5fb3c9",
    "blurred": "#d9792b",
    "too fast": "#c2352b",
}


def contact_sheet(videos: Sequence[VideoContent]) -> bytes:
    """Draw the videos one below the other; returns a PNG, equal bytes for equal contents."""
    columns = max(len(row.tiles) for video in videos for row in (video.before, *video.after))
    width = 2 * _MARGIN + _TITLES_WIDTH + columns * (_TILE + _GAP) - _GAP
    height = 2 * _MARGIN + sum(map(_height, videos)) + _BETWEEN_VIDEOS * (len(videos) - 1)
    sheet = _Sheet.of_size(width, height)
    top = _MARGIN
    for video in videos:
        _draw_video(sheet, video, top)
        top += _height(video) + _BETWEEN_VIDEOS
    return sheet.png()


@dataclass(frozen=True, eq=False)
class _Sheet:
    """A page measured in pixels from its top left; pictures go on a canvas below the text."""

    axes: Axes
    canvas: np.ndarray
    figure: Figure = field(repr=False)

    @classmethod
    def of_size(cls, width: int, height: int) -> "_Sheet":
        figure = Figure(figsize=(width / _DPI, height / _DPI), dpi=_DPI, facecolor=_PAPER)
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set_axis_off()
        return cls(axes, np.full((height, width, 3), 255, np.uint8), figure)

    @property
    def width(self) -> int:
        return self.canvas.shape[1]

    def paste(self, pixels: np.ndarray, left: int, top: int) -> None:
        height, width = pixels.shape[:2]
        self.canvas[top : top + height, left : left + width] = pixels

    def write(self, text: str, left: float, top: float, size: float = 7, **style: object) -> None:
        plain = text.replace("$", r"\$")  # a pair of them would be a formula
        settings = {"color": _INK, "va": "center", **style}
        self.axes.text(left, top, plain, fontsize=size, **settings)  # type: ignore[arg-type]

    def box(self, left: float, top: float, width: float, height: float, **style: object) -> None:
        self.axes.add_patch(Rectangle((left, top), width, height, **style))  # type: ignore[arg-type]

    def png(self) -> bytes:
        height, width = self.canvas.shape[:2]
        self.axes.imshow(self.canvas, extent=(0, width, height, 0), interpolation="nearest", aspect="auto")
        self.axes.set(xlim=(0, width), ylim=(height, 0))
        buffer = io.BytesIO()
        self.figure.savefig(buffer, format="png", dpi=_DPI, metadata={"Software": None})
        return buffer.getvalue()


def _height(video: VideoContent) -> int:
    rows = sum(_row_height(row) for row in (video.before, *video.after))
    return _HEADING_HEIGHT + rows + _TIMELINE_HEIGHT


def _row_height(row: Row) -> int:
    pictures = max(_fitted_size(tile)[1] for tile in row.tiles)
    return pictures + _GAP + (_TEXT_HEIGHT if any(tile.text for tile in row.tiles) else 0)


def _fitted_size(tile: Tile) -> tuple[int, int]:
    height, width = tile.pixels.shape[:2]
    return scaled_size(width, height, _TILE, inside=True)


def _draw_video(sheet: _Sheet, video: VideoContent, top: int) -> None:
    sheet.write(video.title, _MARGIN, top + 10, 11, weight="bold")
    sheet.write(video.caption, _MARGIN, top + 36, 7.5, color=_SOFT)
    if video.verdict:
        sheet.write(f"set aside: {video.verdict}", sheet.width - _MARGIN, top + 10, 8, color=_RED, ha="right")
    top += _HEADING_HEIGHT
    top = _draw_row(sheet, video.before, top)
    _draw_timeline(sheet, video, top)
    top += _TIMELINE_HEIGHT
    for row in video.after:
        top = _draw_row(sheet, row, top)


def _draw_row(sheet: _Sheet, row: Row, top: int) -> int:
    """Draw a row and return where the next one begins."""
    heights = [_fitted_size(tile)[1] for tile in row.tiles]
    sheet.write(row.title, _MARGIN, top + max(heights) / 2, 8, weight="bold")
    for place, tile in enumerate(row.tiles):
        _draw_tile(sheet, tile, _MARGIN + _TITLES_WIDTH + place * (_TILE + _GAP), top)
    return top + _row_height(row)


def _draw_tile(sheet: _Sheet, tile: Tile, left: int, top: int) -> None:
    width, height = _fitted_size(tile)
    pixels = cv2.resize(tile.pixels, (width, height), interpolation=cv2.INTER_AREA)
    left += (_TILE - width) // 2
    sheet.paste(pixels // 2 + 127 if tile.reason else pixels, left, top)
    if tile.reason:
        colour = _COLOURS[tile.reason]
        sheet.box(left + 1.5, top + 1.5, width - 3, height - 3, fill=False, edgecolor=colour, linewidth=2)
        badge = {"facecolor": colour, "edgecolor": "none", "boxstyle": "round,pad=0.35"}
        sheet.write(
            tile.reason, left + width / 2, top + height / 2, 8, color="white", ha="center", bbox=badge
        )
    sheet.write(tile.text, left, top + height + _TEXT_HEIGHT / 2, 6.5, color=_SOFT)


def _draw_timeline(sheet: _Sheet, video: VideoContent, top: int) -> None:
    """Draw every frame of the video as a sliver of a bar, and the chosen ones as ticks below it."""
    left, count = _MARGIN + _TITLES_WIDTH, len(video.reasons)
    length = sheet.width - _MARGIN - left
    sheet.write("frames", _MARGIN, top + _BAR_HEIGHT / 2, 8, weight="bold")
    sheet.box(left, top, length, _BAR_HEIGHT, facecolor=_KEPT, edgecolor="none")
    for start, end, reason in _runs(video.reasons):
        if reason:
            width = max(1.0, (end - start) / count * length)
            sheet.box(left + start / count * length, top, width, _BAR_HEIGHT, color=_COLOURS[reason], lw=0)
    for index in set(video.chosen):
        x = left + (index + 0.5) / count * length
        sheet.box(x - 1, top + _BAR_HEIGHT + 2, 2, 6, color=_INK, lw=0)
    _draw_legend(sheet, video, left, top + _BAR_HEIGHT + 22)


def _draw_legend(sheet: _Sheet, video: VideoContent, left: int, middle: int) -> None:
    dropped = [name for name in _COLOURS if (video.reasons == name).any()]
    entries = [("kept", _KEPT)] + [(name, _COLOURS[name]) for name in dropped]
    for name, colour in entries:
        sheet.box(left, middle - 5, 10, 10, color=colour, lw=0)
        sheet.write(name, left + 16, middle, 6.5, color=_SOFT)
        left += 40 + 8 * len(name)
    sheet.box(left + 4, middle - 4, 2, 8, color=_INK, lw=0)
    sheet.write("chosen for the clip", left + 14, middle, 6.5, color=_SOFT)


def _runs(reasons: np.ndarray) -> list[tuple[int, int, str]]:
    """Return (first, one after the last, reason) of each run of equal reasons, str (N,)."""
    starts = np.flatnonzero(np.append(True, reasons[1:] != reasons[:-1]))
    ends = np.append(starts[1:], len(reasons))
    return [(int(a), int(b), str(reasons[a])) for a, b in zip(starts, ends, strict=True)]
