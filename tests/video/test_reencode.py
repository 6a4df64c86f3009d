import numpy as np
from pictures import noise, walking_square

from sora.video.reencode import reencode


def signal_to_noise_db(frames: np.ndarray, shown: np.ndarray) -> float:
    return float(10 * np.log10(255**2 / np.mean((frames.astype(float) - shown) ** 2)))


def test_a_higher_rate_factor_is_further_from_the_frames():
    frames, _ = walking_square(16)
    shown = {factor: reencode(frames, factor) for factor in (1, 23, 35, 42, 51)}
    assert all(one.shape == frames.shape and one.dtype == np.uint8 for one in shown.values())
    quality = [signal_to_noise_db(frames, one) for one in shown.values()]
    assert quality == sorted(quality, reverse=True)
    assert quality[0] > 35
    assert quality[-1] < 27


def test_frames_stay_in_order_and_bytes_are_the_same_every_time():
    levels = np.arange(20, 240, 10, dtype=np.uint8)
    frames = np.broadcast_to(levels[:, None, None, None], (len(levels), 32, 48, 3)).copy()
    shown = reencode(frames, 35)
    np.testing.assert_allclose(shown.mean(axis=(1, 2, 3)), levels, atol=6)
    drawn = noise((6, 32, 32, 3), 0)
    np.testing.assert_array_equal(reencode(drawn, 42), reencode(drawn, 42))


def test_one_frame_is_a_stream_too():
    frame = noise((1, 32, 32, 3), 1)
    assert reencode(frame, 40).shape == frame.shape
