"""Tiny moving scenes and their fingerprints, for tests that need videos without files."""

import math
from dataclasses import asdict
from typing import Any

import cv2
import numpy as np

from sora.video.fingerprint import TINY_PX, Fingerprint, fingerprint, to_hex
from sora.video.probe import VideoFacts

STEP_SECONDS = 0.25


def moving_scene(place: int, take: int, count: int = 24) -> np.ndarray:
    """float32 (N, 32, 32): the background of ``place`` and a spot that jumps about as in ``take``."""
    texture = np.random.default_rng(place).normal(size=(7, 7)).astype(np.float32)
    background = 120 + 60 * cv2.resize(texture, (TINY_PX, TINY_PX))
    spots = np.random.default_rng([place, take]).integers(4, 28, (count, 2)).tolist()
    return np.array([_with_spot(background, spot) for spot in spots], np.float32)


def copied(pictures: np.ndarray, *, mirrored: bool = False, skip: int = 0, noise: float = 2.0) -> np.ndarray:
    """Return what another encoder makes of the pictures, without the first ``skip``."""
    flipped = pictures[skip:, :, ::-1] if mirrored else pictures[skip:]
    return flipped + np.random.default_rng(0).normal(0, noise, flipped.shape)


def hashed(pictures: np.ndarray) -> Fingerprint:
    return fingerprint(pictures, STEP_SECONDS)


def manifest_row(path: str, pictures: np.ndarray, **changes: Any) -> dict[str, Any]:
    """Return a good video's row of the manifest, and its split; the folder is its label."""
    found = hashed(pictures)
    facts = VideoFacts(
        num_frames_declared=50,
        num_frames_decoded=50,
        width=320,
        height=240,
        fps=25.0,
        duration_seconds=2.0,
        video_codec="h264",
        decoded_share=1.0,
        hash_step_seconds=found.step_seconds,
        picture_hashes=to_hex(found.pictures),
        motion_hashes=to_hex(found.motions),
    )
    head = {"path": path, "file": path, "label": path.split("/", 1)[0], "group": path, "split": "train"}
    whole = {"start_seconds": math.nan, "end_seconds": math.nan, "outcome": "ok", "reason": ""}
    content = {"content_hash": f"hash of {path}", "size_bytes": 1000, "duplicate_of": ""}
    return {**head, **whole, **content, **asdict(facts), **changes}


def _with_spot(background: np.ndarray, place: list[int]) -> np.ndarray:
    picture = background.copy()
    cv2.circle(picture, place, 3, 230, -1)
    return np.clip(picture, 0, 255)
