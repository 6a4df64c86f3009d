import cv2
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sora.video.blur import blur


def picture(seed: int = 0) -> np.ndarray:
    """uint8 (192, 256): overlapping boxes of all greys."""
    rng = np.random.default_rng(seed)
    grey = np.full((192, 256), 128, np.uint8)
    for _ in range(40):
        x, y, width, height = rng.integers(0, 200, 4) // (1, 2, 3, 3)
        grey[y : y + height, x : x + width] = rng.integers(0, 256)
    return grey


def softened(grey: np.ndarray, sigma_px: float) -> np.ndarray:
    return cv2.GaussianBlur(grey, (0, 0), sigma_px)


@given(st.integers(0, 20))
def test_it_rises_with_blur(seed: int):
    steps = [picture(seed), *(softened(picture(seed), sigma) for sigma in (1, 2, 4, 8))]
    values = [blur(grey) for grey in steps]
    assert values == sorted(values)
    assert 0 <= values[0] < 0.2
    assert values[2] > 0.45
    assert values[-1] <= 1


def test_contrast_and_light_play_no_part():
    grey = softened(picture(), 2)
    assert abs(blur(grey) - blur((grey * 0.4 + 30).astype(np.uint8))) < 0.03


def test_a_sharp_figure_before_a_smooth_background_is_sharp():
    background = np.tile(np.linspace(0, 200, 256), (192, 1)).astype(np.uint8)
    figure = softened(background, 9)
    figure[40:150, 100:140] = 255
    assert blur(figure) < 0.25
    assert blur(softened(figure, 3)) > 0.45


def test_a_flat_picture_is_not_blurred_and_inputs_stay():
    flat = np.full((20, 30), 7, np.uint8)
    assert blur(flat) == 0.0
    assert (flat == 7).all()


def test_blur_in_one_direction_counts():
    assert blur(cv2.blur(picture(), (15, 1))) > 0.6
    assert blur(cv2.blur(picture(), (1, 15))) > 0.6
