"""Models that know of time what we say they know, on clips that go through the real input path."""

from collections.abc import Callable

import numpy as np
import pytest
from clip_specs import clip_spec, input_spec

from sora.frames.inputs import network_input
from sora.robustness.corruptions import Corruption, corrupt
from sora.robustness.scores import Asked
from sora.robustness.time_use import TimeAnswers, TimeUse, time_use

NUM_MOMENTS, SIDE_PX = 4, 32
SPEC = input_spec(
    clip_spec(num_segments=NUM_MOMENTS, frames_per_segment=4, image_size_px=SIDE_PX),
    streams="rgb difference",
    descriptors="",
)


def clips(num_videos: int = 24) -> tuple[np.ndarray, Asked]:
    """Grey clips, uint8 (N, T, K, S, S, 3): bright ones that fall a little, and dark ones that rise.

    The moments of the first are ever darker too, those of the second ever brighter.
    """
    rng = np.random.default_rng(0)
    signs = np.where(np.arange(num_videos) % 2, 1, -1)
    bases = 127 - 20 * signs + rng.uniform(-10, 10, num_videos)
    moments = 3 * (np.arange(NUM_MOMENTS) - 1.5)[:, None] + 4 * (np.arange(4) - 1.5)
    levels = bases[:, None, None] + signs[:, None, None] * moments
    pixels = np.broadcast_to(levels[..., None, None, None], (*levels.shape, SIDE_PX, SIDE_PX, 3))
    labels = ["rises" if sign > 0 else "falls" for sign in signs]
    groups = [f"g{number // 2}" for number in range(num_videos)]
    return np.rint(pixels).astype(np.uint8), Asked(labels, groups, ["falls", "rises"], several_labels=False)


Model = Callable[[np.ndarray], float]  # from images, float32 (streams, T, S, S, 3), to a logit of "rises"


def looks_at_frames(images: np.ndarray) -> float:
    return -20 * float(images[0].mean())


def looks_at_differences(images: np.ndarray) -> float:
    return 20 * float(images[1].mean())


def looks_at_the_order_of_moments(images: np.ndarray) -> float:
    return 20 * float(images[0, -1].mean() - images[0, 0].mean())


def use_of_time(model: Model) -> TimeUse:
    pixels, asked = clips()

    def answers(name: str) -> np.ndarray:
        worse = [corrupt(clip, Corruption(name), seed=0, key=str(n)) for n, clip in enumerate(pixels)]
        frames = [np.ascontiguousarray(one).reshape(-1, SIDE_PX, SIDE_PX, 3) for one in worse]
        logits = np.array([model(network_input(one, SPEC).images) for one in frames])
        rises = 1 / (1 + np.exp(-logits))
        return np.column_stack([1 - rises, rises])

    names = ("none", "reversed", "shuffled_moments", "still_first", "still_last")
    return time_use(TimeAnswers(*map(answers, names)), asked)


def test_a_model_of_frames_does_not_use_time_though_backwards_shows_it_other_frames():
    found = use_of_time(looks_at_frames)
    assert (found.direction, found.moments) == ("no", "no")
    assert found.verdict.startswith("The model does not use the order of time")
    assert found.backwards.mean == pytest.approx(0, abs=1e-6)


def test_a_model_of_differences_uses_time_within_moments():
    found = use_of_time(looks_at_differences)
    assert (found.direction, found.moments) == ("yes", "no")
    assert found.verdict.startswith("The model uses time: how things move within a moment")
    assert "100 % of 24 answers change when videos run backwards" in found.verdict
    assert "0 % when moments are shuffled" in found.verdict


def test_a_model_of_a_sequence_uses_the_order_of_moments():
    found = use_of_time(looks_at_the_order_of_moments)
    assert found.moments == "yes"
    assert found.verdict.startswith("The model uses time, and the order of the moments is part of it")


def test_too_few_videos_to_tell_are_said_to_be():
    same = np.array([[0.5, 0.5]] * 3)
    other = np.array([[0.9, 0.1], [0.5, 0.5], [0.5, 0.5]])
    asked = Asked(["a"] * 3, ["g1", "g2", "g3"], ["a", "b"], several_labels=False)
    found = time_use(TimeAnswers(same, other, same, same, same), asked)
    assert found.direction == "unclear"
    assert found.verdict.startswith("It is not clear whether the model uses time, for the videos are too few")
