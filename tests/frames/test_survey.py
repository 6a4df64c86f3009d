import hashlib

import cv2
import numpy as np
import pytest
from pictures import noise, texture, walking_square

from sora.errors import VideoError
from sora.frames import survey
from sora.frames.survey import survey_frames, survey_size

GOLDEN = (1, "7f5dffc97b310134")


def timed(frames: np.ndarray, fps: float = 10) -> list[tuple[float, np.ndarray]]:
    return [(i / fps, cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)) for i, frame in enumerate(frames)]


def test_the_size_keeps_the_shape():
    assert survey_size(320, 240) == (160, 120)
    assert survey_size(1080, 1920) == (90, 160)


def test_brightness_and_change_are_in_their_units():
    levels = np.array([0, 51, 51, 255], np.uint8)
    seen = survey_frames(timed(np.broadcast_to(levels[:, None, None, None], (4, 32, 40, 3))), with_speed=True)
    np.testing.assert_allclose(seen.times, [0, 0.1, 0.2, 0.3])
    np.testing.assert_allclose(seen.brightness, [0, 0.2, 0.2, 1])
    np.testing.assert_allclose(seen.change, [0, 51, 0, 204])
    np.testing.assert_allclose(seen.local_change, seen.change)
    np.testing.assert_allclose(seen.sharpness, 0)
    assert all(values.dtype == np.float64 for values in vars(seen).values())


def test_local_change_sees_what_is_small():
    frames, _ = walking_square(3, size=160, side=10, step=4)
    seen = survey_frames(timed(frames), with_speed=False)
    assert (seen.local_change[1:] > 15 * seen.change[1:]).all()


def test_blur_lowers_sharpness_and_noise_raises_it():
    sharp = texture(120, 160)
    frames = np.stack([cv2.GaussianBlur(sharp, (9, 9), 0), sharp, sharp // 2 + noise(sharp.shape, 1) // 2])
    seen = survey_frames(timed(frames), with_speed=False)
    assert 4 * seen.sharpness[0] < seen.sharpness[1] < seen.sharpness[2] / 4


@pytest.mark.parametrize("fps", [10, 25])
def test_speed_is_in_longer_sides_a_second(fps: float):
    wide = texture(120, 260)
    frames = np.stack([wide[:, 6 * i : 6 * i + 160] for i in range(6)])
    seen = survey_frames(timed(frames, fps), with_speed=True)
    np.testing.assert_allclose(seen.speed[1:], 6 * fps / 160, rtol=0.05)
    assert survey_frames(timed(frames, fps), with_speed=False).speed.max() == 0


def test_a_video_without_frames_is_refused():
    with pytest.raises(VideoError, match="has no frame in this part"):
        survey_frames([], with_speed=False)


def test_golden():
    seen = survey_frames(timed(walking_square(6)[0]), with_speed=True)
    rounded = np.round(np.stack(list(vars(seen).values())), 3) + 0.0
    digest = hashlib.sha256(rounded.tobytes()).hexdigest()[:16]
    assert (survey.VERSION, digest) == GOLDEN, "changed output: raise VERSION and the digest"
