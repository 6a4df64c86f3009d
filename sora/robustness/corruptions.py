"""Every way in which a clip is made worse, by name."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from sora.robustness import order, pictures
from sora.video.reencode import reencode

Name = Literal[
    "none",
    "noise",
    "blur",
    "dark",
    "reencoding",
    "dropped_frames",
    "reversed",
    "shuffled_moments",
    "shuffled_frames",
    "still_first",
    "still_last",
]


@dataclass(frozen=True)
class Corruption:
    """One way in which a clip is made worse.

    Attributes:
        name: which.
        level: how much, in the unit of the name; those of the order of frames have none.
    """

    name: Name
    level: float = 0.0


def corrupt(segments: np.ndarray, corruption: Corruption, *, seed: int, key: str) -> np.ndarray:
    """Return a clip made worse; the same every time for one seed, key, name and level.

    Args:
        segments: uint8 RGB (T, K, H, W, 3), with H and W even.
        corruption: what is done to it.
        seed: of the project.
        key: of the clip, such as its store key.

    Returns:
        uint8 RGB (T, K, H, W, 3).
    """
    drawn = hashlib.sha256(f"{seed}/{key}/{corruption.name}/{corruption.level:g}".encode()).digest()
    rng = np.random.default_rng(int.from_bytes(drawn[:16], "big"))
    frames = segments.reshape(-1, *segments.shape[2:])
    if corruption.name in _OF_PICTURES:
        return _OF_PICTURES[corruption.name](frames, corruption.level, rng).reshape(segments.shape)
    return _OF_ORDER[corruption.name](segments, corruption.level, rng)


_Change = Callable[[np.ndarray, float, np.random.Generator], np.ndarray]
_OF_PICTURES: dict[str, _Change] = {  # of frames (T * K, H, W, 3)
    "noise": pictures.add_noise,
    "blur": lambda frames, sigma_px, _: pictures.blur(frames, sigma_px),
    "dark": lambda frames, share, _: pictures.darken(frames, share),
    "reencoding": lambda frames, rate_factor, _: reencode(frames, rate_factor),
}
_OF_ORDER: dict[str, _Change] = {  # of moments (T, K, H, W, 3)
    "none": lambda segments, _, __: segments,
    "dropped_frames": order.drop_frames,
    "reversed": lambda segments, _, __: order.reverse(segments),
    "shuffled_moments": lambda segments, _, rng: order.shuffle_moments(segments, rng),
    "shuffled_frames": lambda segments, _, rng: order.shuffle_frames(segments, rng),
    "still_first": lambda segments, _, __: order.stand_still(segments, 0),
    "still_last": lambda segments, _, __: order.stand_still(segments, -1),
}
