"""Classify videos on an edge device; needs ai-edge-litert, NumPy and OpenCV.

    python predict.py VIDEO...

Prints one JSON object a line; the exit code is 0 only if every video was predicted.
"""

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

# What is wrong with a video stands in its answer.
os.environ.setdefault("OPENCV_LOG_LEVEL", "ERROR")
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")

import cv2
import numpy as np
from ai_edge_litert.interpreter import Interpreter

from sora.bundle import read_bundle
from sora.decision import told
from sora.errors import SoraError, VideoError
from sora.frames.inputs import choose_frames, clean_clip, decoded_size, network_input
from sora.frames.selection import drop_reasons
from sora.frames.spec import ClipSpec
from sora.frames.survey import survey_frames, survey_size

MODEL = Path(__file__).parent / "model"


class Predictor:
    """The exported model, checked and loaded."""

    def __init__(self, num_threads: int) -> None:
        self._bundle = read_bundle(MODEL)
        self._backbone = load_network(self._bundle.edge_backbone, num_threads)
        self._head = load_network(self._bundle.edge_head, num_threads)

    def answer(self, video: Path) -> dict[str, Any]:
        """Classify a video file as ``sora predict`` does; raises VideoError where that cannot be."""
        bundle = self._bundle
        given = network_input(read_clip(video, bundle.spec.clip), bundle.spec)
        features = np.concatenate([*map(self._backbone, given.images), given.descriptors], axis=1)
        (probabilities,) = self._head(features[None])
        return told(probabilities, bundle.labels, several_labels=bundle.several_labels)


def load_network(path: Path, num_threads: int) -> Callable[[np.ndarray], np.ndarray]:
    """Load a LiteRT file: float32 (N, ...) to its first output, (N, ...), in batches as the file has them."""
    interpreter = Interpreter(str(path), num_threads=num_threads)
    interpreter.allocate_tensors()
    source, result = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    size = int(source["shape"][0])

    def run(batch: np.ndarray) -> np.ndarray:
        interpreter.set_tensor(source["index"], batch)
        interpreter.invoke()
        return interpreter.get_tensor(result["index"])

    return lambda arrays: np.concatenate([run(arrays[i : i + size]) for i in range(0, len(arrays), size)])


def read_clip(video: Path, spec: ClipSpec) -> np.ndarray:
    """Read a video, first for the times of its frames; give the clean clip, uint8 RGB (T * K, S, S, 3)."""
    if spec.selection.looks_at_every_frame:
        survey = survey_frames(survey_pictures(video), with_speed=spec.selection.max_speed > 0)
        chosen = choose_frames(survey.times, spec, drop_reasons(survey, spec.selection))
    else:
        chosen = choose_frames(np.array([seconds for seconds, _ in decoded(video)]), spec)
    return clean_clip(chosen_pictures(video, list(chosen), spec), spec)


def decoded(video: Path) -> Iterator[tuple[float, cv2.VideoCapture]]:
    """Decode frame by frame; yield the seconds from the first, and what can make a picture of the frame."""
    if not video.is_file():  # OpenCV would also take addresses, and patterns of names
        raise VideoError("there is no such file")
    capture = cv2.VideoCapture(str(video), cv2.CAP_FFMPEG)
    if not capture.grab():
        raise VideoError("no frame decodes")
    gap = 1 / (capture.get(cv2.CAP_PROP_FPS) or 25)
    start, seconds = capture.get(cv2.CAP_PROP_POS_MSEC) / 1000, 0.0
    yield seconds, capture
    while capture.grab():
        stamp = capture.get(cv2.CAP_PROP_POS_MSEC) / 1000  # 0: the last frames of some files have none
        seconds = stamp - start if stamp else seconds + gap
        yield seconds, capture


def survey_pictures(video: Path) -> Iterator[tuple[float, np.ndarray]]:
    """Yield of every frame the seconds from the first and a small grey picture, uint8 (H, W)."""
    for seconds, capture in decoded(video):
        yield seconds, cv2.cvtColor(picture(capture, survey_size), cv2.COLOR_RGB2GRAY)


def chosen_pictures(video: Path, chosen: list[int], spec: ClipSpec) -> np.ndarray:
    """Give the frames of these numbers, uint8 RGB (K, H, W, 3)."""
    pictures: dict[int, np.ndarray] = {}
    for number, (_, capture) in zip(range(max(chosen) + 1), decoded(video), strict=False):
        if number in chosen:
            pictures[number] = picture(capture, partial(decoded_size, spec=spec))
    return np.stack([pictures[number] for number in chosen])


def picture(capture: cv2.VideoCapture, size: Callable[[int, int], tuple[int, int]]) -> np.ndarray:
    """Give the frame at hand, upright, uint8 RGB; ``size`` follows from the shown width and height."""
    good, frame = capture.retrieve()
    if not good:
        raise VideoError("a frame does not decode")
    height, width = frame.shape[:2]
    aspect = (capture.get(cv2.CAP_PROP_SAR_NUM) or 1) / (capture.get(cv2.CAP_PROP_SAR_DEN) or 1)
    turned = capture.get(cv2.CAP_PROP_ORIENTATION_META) % 180  # the shape of a pixel is that before the turn
    shown = (width, round(height * aspect)) if turned else (round(width * aspect), height)
    return cv2.cvtColor(cv2.resize(frame, size(*shown), interpolation=cv2.INTER_AREA), cv2.COLOR_BGR2RGB)


def main() -> None:
    """Classify the videos that are named."""
    parser = argparse.ArgumentParser(description="Classify videos: one JSON object a line.")
    parser.add_argument("videos", nargs="+", type=Path, metavar="VIDEO")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1, help="default: one for each core")
    options = parser.parse_args()
    try:
        predictor = Predictor(options.threads)
    except SoraError as error:
        sys.exit(f"error: {error}")
    failed = False
    for video in options.videos:
        try:
            answer = predictor.answer(video)
        except VideoError as error:
            failed, answer = True, {"error": str(error)}
        print(json.dumps({"video": str(video), **answer}, ensure_ascii=False), flush=True)
    sys.exit(int(failed))


if __name__ == "__main__":
    main()
