import cv2
import numpy as np
import pytest
from coded_clips import write_pictures

from sora.enhance.denoising import average, clean, motion, noise_level, smoothed
from sora.enhance.effect import Enhancement, Options
from sora.enhance.steadying import brightened, corrections, gains, moved
from sora.enhance.survey import survey
from sora.transcode.effect import Frame
from sora.transcode.run import Job, transcode
from sora.video.read import iterate_frames

HEIGHT, WIDTH = 96, 128


def scene(seed: int = 0) -> np.ndarray:
    """A large picture with smooth parts and edges, to look at parts of."""
    noise = np.random.default_rng(seed).random((400, 400, 3)).astype(np.float32)
    blurred = cv2.GaussianBlur(noise, (0, 0), 6)
    picture = 255 * (blurred - blurred.min()) / (blurred.max() - blurred.min())
    for number in range(12):
        corner = (31 * number + 5, 29 * number % 350)
        cv2.rectangle(picture, corner, (corner[0] + 20, corner[1] + 30), (20 * number, 90, 240), -1)
    return picture.astype(np.uint8)


def window(x: float, y: float, picture: np.ndarray) -> np.ndarray:
    centre = (x + WIDTH / 2, y + HEIGHT / 2)
    return cv2.getRectSubPix(picture, (WIDTH, HEIGHT), centre)


def frames(pictures: list[np.ndarray]) -> list[Frame]:
    before = [None, *pictures[:-1]]
    return [Frame(n, n / 25, *pair) for n, pair in enumerate(zip(pictures, before, strict=True))]


def noisy(picture: np.ndarray, deviation: float, seed: int) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(0, deviation, picture.shape)
    return np.clip(np.rint(picture + noise), 0, 255).astype(np.uint8)


def test_the_noise_level_is_that_of_the_noise():
    grey = cv2.cvtColor(window(30, 30, scene()), cv2.COLOR_RGB2GRAY)
    assert noise_level(grey) < 1
    for deviation in (4, 12):
        assert noise_level(noisy(grey, deviation, 0)) == pytest.approx(deviation, rel=0.15)


def test_denoising_gains_decibels_on_a_moving_camera_and_leaves_clean_pictures():
    truth = [window(40 + 1.5 * number, 50 + number, scene()) for number in range(8)]
    for deviation, least in ((8, 5), (0, None)):
        known, before = None, None
        for number, clear in enumerate(truth):
            given = noisy(clear, deviation, number)
            grey = cv2.cvtColor(given, cv2.COLOR_RGB2GRAY)
            level = noise_level(grey)
            came_from = None if before is None else motion(grey, before)
            known, before = average(given, known, came_from, level), grey
            result = clean(known, smoothed(given, level))
        if least is None:
            assert cv2.PSNR(result, truth[-1]) > 45
        else:
            assert cv2.PSNR(result, truth[-1]) > cv2.PSNR(given, truth[-1]) + least


@pytest.mark.parametrize(("height", "width"), [(24, 320), (12, 320), (31, 640), (320, 24), (8, 8), (1, 300)])
def test_the_motion_of_thin_strips_is_found_too(height, width):
    ground = cv2.cvtColor(scene(), cv2.COLOR_RGB2GRAY)
    ground = np.hstack([ground, ground])
    before, grey = ground[:height, :width], ground[:height, 1 : width + 1]
    came_from = motion(grey, before)
    assert (came_from.shape, came_from.dtype) == ((height, width, 2), np.float32)
    assert np.isfinite(came_from).all()
    if width > 100 and height > 20:
        assert np.median(came_from[..., 0] - np.arange(width)) == pytest.approx(1, abs=0.3)


def test_brightness_is_evened_within_shots_alone():
    calm, dark = window(30, 30, scene()), window(200, 200, 255 - scene(1)) // 3
    flicker = [1, 0.85, 1.1, 0.9, 1.05, 0.8, 1.1, 0.95, 1, 0.85]
    pictures = [brightened(one, gain) for one in (calm, dark) for gain in flicker]
    found = survey(frames(pictures))
    assert np.flatnonzero(found.is_cut).tolist() == [0, 10]
    after = [brightened(*pair).mean() for pair in zip(pictures, gains(found).tolist(), strict=True)]
    for shot in (slice(0, 10), slice(10, 20)):
        changes = [np.abs(np.diff(values[shot])).mean() for values in (found.brightness, after)]
        assert changes[1] < 0.25 * changes[0]
    assert np.mean(after[:10]) == pytest.approx(np.mean(found.brightness[:10]), rel=0.05)


def test_a_shaking_camera_is_steadied_and_a_pan_is_not_stopped():
    random = np.random.default_rng(3)
    shake = random.normal(0, 1.5, (40, 2))
    pictures = [window(60 + 2 * n + dx, 80 + dy, scene()) for n, (dx, dy) in enumerate(shake)]
    given = frames(pictures)
    found = survey(given)
    steady = [
        moved(frame.pixels, correction) for frame, correction in zip(given, corrections(found), strict=True)
    ]
    after = survey(frames(steady))
    jerk = [np.abs(np.diff(one.motion[1:, :2], axis=0)).mean() for one in (found, after)]
    assert jerk[1] < 0.4 * jerk[0]
    assert after.motion[1:, 0].mean() * WIDTH == pytest.approx(-2 / 0.88, rel=0.15)


def test_one_frame_and_a_flat_one_need_no_care():
    flat = np.zeros((20, 30, 3), np.uint8)
    found = survey(frames([flat]))
    assert gains(found).tolist() == [1]
    assert corrections(found).tolist() == [[0, 0, 0]]
    assert survey(frames([flat, flat])).is_cut.tolist() == [True, False]


class Repeating:
    key = "repeating"

    def __call__(self, pixels: np.ndarray) -> np.ndarray:
        return pixels[7:-7, 7:-7].repeat(2, 0).repeat(2, 1)


def test_all_together_on_a_video(tmp_path):
    pictures = [noisy(window(60 + number, 80, scene()), 6, number) for number in range(7)]
    video = write_pictures(tmp_path / "in.mp4", pictures, options={"crf": "5"})
    everything = Enhancement(Options(2, True, True, True), Repeating())
    for name, segment_frames in (("one.mkv", 3), ("other.mkv", 100)):
        transcode(Job(video, tmp_path / name, segment_frames=segment_frames), everything)
    one, other = (
        [frame.pixels for frame in iterate_frames(tmp_path / name, lambda width, height: (width, height))]
        for name in ("one.mkv", "other.mkv")
    )
    assert len(one) == 7
    assert one[0].shape == (2 * HEIGHT, 2 * WIDTH, 3)
    assert max(np.abs(a.astype(int) - b).mean() for a, b in zip(one, other, strict=True)) < 2
