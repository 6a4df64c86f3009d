"""How steady painted videos are, against the same network frame by frame; and that they stay as sharp.

    python benchmarks/stylize.py DATASET [--styles starry lace] [--frames 24] [--strip PNG] [--json FILE]

DATASET is the folder of ucf101-6. Warping error: the mean squared (and absolute) difference between a result
and the one before, moved along the flow of the source frames, over the pixels that are seen in both, colours
in [0, 1] (Lai et al., "Learning blind video temporal consistency", 2018; pixels seen in both: Ruder et al.,
"Artistic style transfer for videos", 2016). The flow for measuring is Farnebäck's; what is measured was mixed
along that of dense inverse search. Detail is the energy of the gradient of luma, strength of style the
distance from the source frame; both beside those of frame-by-frame painting. Ends with 1 where a limit does
not hold.
"""

import argparse
import json
import sys
import time
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
from rich.console import Console
from rich.table import Table

from sora.stylize.effect import Stylize
from sora.stylize.painter import Painter, canvas_size, resized
from sora.stylize.styles import find_style
from sora.transcode.effect import Frame
from sora.video.read import iterate_frames

CLIPS = (
    "WalkingWithDog/v_WalkingWithDog_g16_c01.avi",
    "Basketball/v_Basketball_g13_c02.avi",
    "JumpingJack/v_JumpingJack_g03_c02.avi",
    "Punch/v_Punch_g07_c01.avi",
)
MAX_WARPING_RATIO = 0.7
MIN_DETAIL_RATIO, MIN_STYLE_RATIO = 0.85, 0.95
STRIP_FROM, STRIP_FRAMES = 12, 4
SPEED_SIZES = ((240, 320), (1080, 1920))


class Seen(NamedTuple):
    """Where the pixels of a frame were before, float32 (H, W, 2), and which were seen then, bool (H, W)."""

    places: np.ndarray
    in_both: np.ndarray
    motion_px: float


def main() -> int:
    """Paint, measure, print; return 1 where a limit does not hold."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dataset", type=Path, help="the folder of ucf101-6")
    parser.add_argument("--styles", nargs="+", default=["starry", "lace"], help="default: starry lace")
    parser.add_argument("--frames", type=int, default=24, help="of each clip; default: 24")
    parser.add_argument("--strip", type=Path, help="where a picture of source, frame by frame, steady goes")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    rows, strips = [], []
    for clip in CLIPS:
        frames = first_frames(options.dataset / clip, options.frames)
        seen = [look(*pair) for pair in pairwise(frames)]
        for style in options.styles:
            alone, steady = painted(Stylize(find_style(style)), frames)
            rows.append({"clip": Path(clip).stem, "style": style, **measure(frames, seen, alone, steady)})
            strips += [[each[STRIP_FROM : STRIP_FROM + STRIP_FRAMES] for each in (frames, alone, steady)]]
    speeds = [speed(*size, options.styles[0]) for size in SPEED_SIZES]
    limits = check(rows)
    show(rows, speeds, limits)
    if options.strip:
        page = np.vstack([np.hstack(row) for strip in strips for row in strip])
        cv2.imwrite(str(options.strip), page[..., ::-1])
    if options.json:
        found = {"rows": rows, "speeds": speeds, "limits": limits}
        options.json.write_text(json.dumps(found, indent=2) + "\n")
    return int(not all(limits.values()))


def first_frames(path: Path, count: int) -> list[np.ndarray]:
    """Return the first frames of a video."""
    frames = iterate_frames(path, lambda width, height: (width, height))
    return [frame.pixels for _, frame in zip(range(count), frames, strict=False)]


def painted(effect: Stylize, frames: Sequence[np.ndarray]) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Return the frames painted each by itself, and steadied."""
    alone, steady, state = [], [], None
    for frame in numbered(frames):
        prepared = effect.prepare(frame)
        alone.append(effect.render(frame, effect.finish(None, frame, prepared)[1]))
        state, finished = effect.finish(state, frame, prepared)
        steady.append(effect.render(frame, finished))
    return alone, steady


def numbered(frames: Sequence[np.ndarray]) -> Iterator[Frame]:
    """Yield frames as the engine gives them."""
    for number, pixels in enumerate(frames):
        yield Frame(number, number / 25, pixels, frames[number - 1] if number else None)


def look(previous: np.ndarray, frame: np.ndarray) -> Seen:
    """Return where the pixels of a source frame were in the one before."""
    there, back = farneback(frame, previous), farneback(previous, frame)
    height, width = frame.shape[:2]
    places = there + np.stack(np.meshgrid(np.arange(width), np.arange(height)), axis=-1).astype(np.float32)
    missed = np.square(there + moved(back, places)).sum(axis=-1)
    power = np.square(there).sum(axis=-1)
    returns = missed <= 0.01 * (power + np.square(moved(back, places)).sum(axis=-1)) + 0.5
    edges = sum(np.square(each).sum(axis=-1) for each in np.gradient(there, axis=(0, 1)))
    inside = ((places >= 0) & (places <= (width - 1, height - 1))).all(axis=-1)
    in_both = returns & (edges <= 0.01 * power + 0.002) & inside
    return Seen(places, in_both, float(np.sqrt(power).mean()))


def farneback(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return the flow, float32 (H, W, 2), from one frame to another."""
    greys = [cv2.cvtColor(each, cv2.COLOR_RGB2GRAY) for each in (first, second)]
    return cv2.calcOpticalFlowFarneback(*greys, None, 0.5, 5, 15, 5, 7, 1.5, 0)


def moved(picture: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Return what was at these places."""
    return cv2.remap(picture, places, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def measure(
    frames: Sequence[np.ndarray],
    seen: Sequence[Seen],
    alone: Sequence[np.ndarray],
    steady: Sequence[np.ndarray],
) -> dict[str, float]:
    """Return the ratios of the steady results to those of frame-by-frame painting."""
    squared, absolute = np.array(warping_errors(steady, seen)) / warping_errors(alone, seen)
    return {
        "motion_px": float(np.mean([each.motion_px for each in seen])),
        "seen_in_both": float(np.mean([each.in_both.mean() for each in seen])),
        "squared_warping_error": float(squared),
        "absolute_warping_error": float(absolute),
        "detail": detail(steady) / detail(alone),
        "style_strength": distance(steady, frames) / distance(alone, frames),
        "from_frame_by_frame": distance(steady, alone),
        "between_frame_by_frame": distance(alone[1:], alone[:-1]),
    }


def warping_errors(results: Sequence[np.ndarray], seen: Sequence[Seen]) -> tuple[float, float]:
    """Return the mean squared and the mean absolute warping error."""
    scaled = [result.astype(np.float32) / 255 for result in results]
    changes = [
        (after - moved(before, each.places))[each.in_both]
        for before, after, each in zip(scaled, scaled[1:], seen, strict=False)
    ]
    means = [(np.square(change).mean(), np.abs(change).mean()) for change in changes]
    squared, absolute = np.mean(means, axis=0)
    return float(squared), float(absolute)


def detail(results: Sequence[np.ndarray]) -> float:
    """Return the mean energy of the gradient of luma."""
    lumas = [cv2.cvtColor(result, cv2.COLOR_RGB2GRAY).astype(np.float32) for result in results]
    return float(np.mean([sum(np.square(each).mean() for each in np.gradient(luma)) for luma in lumas]))


def distance(results: Sequence[np.ndarray], others: Sequence[np.ndarray]) -> float:
    """Return the mean absolute difference, in steps of colour."""
    return float(np.mean([cv2.absdiff(*pair).mean() for pair in zip(results, others, strict=True)]))


def speed(height: int, width: int, style: str, repeats: int = 3) -> dict[str, Any]:
    """Return processor seconds a frame of this size takes: all of it, and the network alone."""
    noise = np.random.default_rng(0).integers(0, 256, (height // 8, width // 8, 3), np.uint8)
    frame = Frame(
        1, 0.04, resized(noise, (height, width)), np.roll(resized(noise, (height, width)), 2, axis=1)
    )
    effect, painter = Stylize(find_style(style)), Painter(find_style(style))
    canvas = resized(frame.pixels, canvas_size(height, width))
    state, _ = effect.finish(None, frame, effect.prepare(frame))
    all_seconds, bare = [], []
    for _ in range(repeats):
        start = time.process_time()
        effect.render(frame, effect.finish(state, frame, effect.prepare(frame))[1])
        middle = time.process_time()
        painter.paint(canvas)
        all_seconds.append(middle - start)
        bare.append(time.process_time() - middle)
    return {
        "size": f"{width}x{height}",
        "seconds": float(np.median(all_seconds)),
        "network": float(np.median(bare)),
    }


def check(rows: Sequence[dict[str, Any]]) -> dict[str, bool]:
    """Return which limits hold, for every clip and style."""
    return {
        f"squared warping error at most {MAX_WARPING_RATIO}": all(
            row["squared_warping_error"] <= MAX_WARPING_RATIO for row in rows
        ),
        f"absolute warping error at most {MAX_WARPING_RATIO}": all(
            row["absolute_warping_error"] <= MAX_WARPING_RATIO for row in rows
        ),
        f"detail at least {MIN_DETAIL_RATIO}": all(row["detail"] >= MIN_DETAIL_RATIO for row in rows),
        f"style at least {MIN_STYLE_RATIO}": all(row["style_strength"] >= MIN_STYLE_RATIO for row in rows),
    }


def show(rows: Sequence[dict[str, Any]], speeds: Sequence[dict[str, Any]], limits: dict[str, bool]) -> None:
    """Print the tables and the limits."""
    console = Console(width=180)
    for title, found in (("steady / frame by frame", rows), ("processor seconds a frame", speeds)):
        table = Table(title=title)
        for name in found[0]:
            table.add_column(
                name.replace("_", " "), justify="left" if isinstance(found[0][name], str) else "right"
            )
        for row in found:
            table.add_row(*(each if isinstance(each, str) else f"{each:.3f}" for each in row.values()))
        console.print(table)
    for text, holds in limits.items():
        console.print(f"{'holds' if holds else 'FAILS'}: {text}")


if __name__ == "__main__":
    sys.exit(main())
