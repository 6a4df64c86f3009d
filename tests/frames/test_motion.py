import hashlib

import cv2
import numpy as np
import pytest

from sora.frames import motion
from sora.frames.motion import dense_flow, direction_histogram, remove_camera_motion, segment_flow

SIZE, CELLS, BINS = 96, 2, 8
GOLDEN = (2, "93cfb74993169504")


def texture(shift_right: int = 0, shift_down: int = 0) -> np.ndarray:
    noise = np.random.default_rng(0).integers(0, 256, (160, 160), np.uint8)
    smooth = cv2.normalize(cv2.GaussianBlur(noise, (9, 9), 0), None, 0, 255, cv2.NORM_MINMAX)
    y, x = 32 - shift_down, 32 - shift_right
    return np.repeat(smooth[y : y + SIZE, x : x + SIZE, None], 3, axis=2)


def histograms(pairs: np.ndarray, size_px: int = SIZE) -> np.ndarray:
    """Raw ones, then compensated ones, of each pair."""
    flow = segment_flow(pairs, size_px)
    both = zip(flow.raw, flow.compensated, strict=True)
    return np.stack(
        [np.concatenate([direction_histogram(f, CELLS, BINS) for f in fields]) for fields in both]
    )


def pair(right: int, down: int) -> np.ndarray:
    return np.stack([texture(), texture(right, down)])


@pytest.mark.parametrize(("right", "down", "first_bin"), [(4, 0, 0), (0, 4, 2), (-4, 0, 4), (0, -4, 6)])
def test_a_shifted_texture_points_where_it_went(right: int, down: int, first_bin: int):
    flow = dense_flow(*pair(right, down), SIZE)
    assert (flow.shape, flow.dtype) == ((SIZE, SIZE, 2), np.float32)
    np.testing.assert_allclose(np.median(flow, axis=(0, 1)), (right, down), atol=0.3)
    raw = histograms(pair(right, down)[None])[0, : CELLS**2 * BINS]
    assert (raw.reshape(-1, BINS).argmax(axis=1) == first_bin).all()


def test_camera_motion_is_removed_and_the_mover_stays():
    y, x = np.mgrid[:SIZE, :SIZE] / SIZE
    camera = np.stack([3 + 2 * x - y, -1 + x + 2 * y], axis=-1).astype(np.float32)
    assert np.abs(remove_camera_motion(camera)).max() < 1e-3
    moving = camera.copy()
    moving[30:50, 30:50] += (6, 0)
    rest = remove_camera_motion(moving)
    assert np.median(rest[30:50, 30:50, 0]) == pytest.approx(6, abs=0.5)
    assert np.abs(np.delete(rest, np.s_[30:50], axis=0)).max() < 0.5


def test_a_pure_pan_shrinks_in_the_second_half():
    raw, compensated = np.split(histograms(pair(4, 0)[None])[0], 2)
    assert (compensated**2).sum() < 0.3 * (raw**2).sum()


def test_the_histogram_is_in_percent_of_the_side():
    flow = np.zeros((40, 40, 2), np.float32)
    flow[:20, :20] = (4, 0)  # 10 % of the side
    flow[20:, 20:] = (-2, -2)  # up left, bin 5 of 8
    found = direction_histogram(flow, 2, 8).reshape(4, 8)
    expected = np.zeros((4, 8))
    expected[0, 0], expected[3, 5] = np.sqrt(10), np.sqrt(np.hypot(2, 2) / 40 * 100)
    np.testing.assert_allclose(found, expected, atol=0.05)


def test_no_motion_gives_zeros_and_pairs_are_independent():
    still, moving = pair(0, 0), pair(3, 2)
    both = histograms(np.stack([moving, still, moving]))
    assert (both.shape, both.dtype) == ((3, 2 * CELLS**2 * BINS), np.float32)
    assert both[1].max() < 0.1
    np.testing.assert_array_equal(both[0], both[2])


def occlusions() -> np.ndarray:
    """Smooth blocks that move fast over a moving ground: flow hangs on every choice of the algorithm."""
    rng = np.random.default_rng(1)

    def blurred(side: int) -> np.ndarray:
        noise = rng.integers(0, 256, (side, side), np.uint8)
        return cv2.normalize(cv2.GaussianBlur(noise, (21, 21), 0), None, 0, 255, cv2.NORM_MINMAX)

    ground, blocks = blurred(320), [blurred(48) for _ in range(4)]
    places = np.array([(30, 28), (130, 30), (32, 140), (110, 108)])
    steps = np.array([(19, 0), (-17, 15), (0, -21), (15, 18)])
    frames = []
    for time in (0, 1):
        frame = ground[20 + 2 * time : 244 + 2 * time, 30 - time : 254 - time].copy()
        for block, (x, y) in zip(blocks, places + time * steps, strict=True):
            frame[y : y + 48, x : x + 48] = block
        frames.append(np.repeat(frame[..., None], 3, axis=2))
    return np.stack(frames)


def test_golden():
    easy = histograms(np.stack([pair(4, 0), pair(-2, 3)]))
    hard = histograms(occlusions()[None], 224)
    rounded = np.round(np.concatenate([easy, hard]).astype(float), 3) + 0.0
    digest = hashlib.sha256(rounded.tobytes()).hexdigest()[:16]
    assert (motion.VERSION, digest) == GOLDEN, "changed output: raise VERSION and the digest"
