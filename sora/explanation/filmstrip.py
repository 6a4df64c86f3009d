"""The film strip of a video: some of its moments, what counted in them, and how much each moment counted."""

import cv2
import numpy as np

MAX_TILES = 8
TILE_PX, GAP_PX = 128, 4
BARS_PX, _BELOW_PX = 40, 8  # height of the bars, and how much of it is for what speaks against
_STRONGEST = 0.75  # share of the heat's colour where it is greatest
_PAPER, _FOR, _SHOWN, _AGAINST = (255, 255, 255), (201, 208, 216), (217, 95, 2), (96, 125, 170)
_JPEG = [cv2.IMWRITE_JPEG_QUALITY, 85]


def film_strip(frames: np.ndarray, cells: np.ndarray, moments: np.ndarray) -> bytes:
    """Draw a strip as a JPEG; equal input gives equal bytes.

    The video is cut into up to 8 even parts, and of each the moment that counted most is shown: above as it
    is, below in grey under the heat of its cells (inferno, the same scale in all). Below each part are bars
    for all its moments, up for the answer and down against it, in orange for the one that is shown.

    Args:
        frames: uint8 RGB (T, S, S, 3), of each moment.
        cells: (T, G, G), importance of the cells of each moment; what is below 0 is not drawn.
        moments: (T,), importance of the moments.
    """
    parts = np.array_split(np.arange(len(moments)), min(MAX_TILES, len(moments)))
    shown = [int(part[moments[part].argmax()]) for part in parts]
    heat = np.clip(cells, 0, None) / max(float(cells.max()), np.finfo(float).tiny)
    small = [cv2.resize(frames[i], (TILE_PX, TILE_PX), interpolation=cv2.INTER_AREA) for i in shown]
    heated = [with_heat(tile, heat[i]) for tile, i in zip(small, shown, strict=True)]
    reach = max(float(np.abs(moments).max()), np.finfo(float).tiny)
    bars = [_bars(moments[part] / reach, part == i) for part, i in zip(parts, shown, strict=True)]
    rows = [_side_by_side(tiles) for tiles in (small, heated, bars)]
    gap = np.full((GAP_PX, rows[0].shape[1], 3), 255, np.uint8)
    picture = np.vstack([rows[0], gap, rows[1], gap, rows[2]])
    return cv2.imencode(".jpg", picture[..., ::-1], _JPEG)[1].tobytes()


def with_heat(frame: np.ndarray, heat: np.ndarray) -> np.ndarray:
    """Lay heat, (G, G) in [0, 1], over a frame, uint8 RGB (H, W, 3)."""
    size = frame.shape[1::-1]
    smooth = np.clip(cv2.resize(heat.astype(np.float32), size, interpolation=cv2.INTER_CUBIC), 0, 1)
    colours = cv2.applyColorMap(np.rint(255 * smooth).astype(np.uint8), cv2.COLORMAP_INFERNO)[..., ::-1]
    grey = cv2.cvtColor(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    share = _STRONGEST * np.sqrt(smooth)[..., None]
    return np.rint(grey + share * (colours.astype(np.float32) - grey)).astype(np.uint8)


def _bars(heights: np.ndarray, is_shown: np.ndarray) -> np.ndarray:
    """Draw bars of heights (n,) in [-1, 1] side by side below one tile."""
    picture = np.full((BARS_PX, TILE_PX, 3), _PAPER, np.uint8)
    zero = BARS_PX - _BELOW_PX
    edges = np.linspace(0, TILE_PX, len(heights) + 1).astype(int)
    for left, right, height, shown in zip(edges[:-1], edges[1:], heights, is_shown, strict=True):
        reach = round(height * zero) if height > 0 else max(round(height * zero), -_BELOW_PX)
        top, bottom = sorted((zero - reach, zero))
        colour = _AGAINST if height < 0 else _SHOWN if shown else _FOR
        picture[top:bottom, left + 1 : right - 1] = colour
    picture[zero] = _FOR
    return picture


def _side_by_side(tiles: list[np.ndarray]) -> np.ndarray:
    gap = np.full((tiles[0].shape[0], GAP_PX, 3), 255, np.uint8)
    return np.hstack([piece for tile in tiles for piece in (tile, gap)][:-1])
