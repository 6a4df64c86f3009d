import io

import numpy as np
import pytest
from pictures import noise, texture

from sora.stylize.effect import Stylize
from sora.stylize.styles import built_in_style
from sora.transcode.effect import Frame

SIDE_PX = 64


def frames_of(pictures):
    return [Frame(i, i / 25, each, pictures[i - 1] if i else None) for i, each in enumerate(pictures)]


def run(effect, frames, state=None):
    results = []
    for frame in frames:
        state, finished = effect.finish(state, frame, effect.prepare(frame))
        results.append(effect.render(frame, finished))
    return state, results


@pytest.fixture(scope="module")
def starry():
    return Stylize(built_in_style(19), side_px=SIDE_PX)


@pytest.fixture(scope="module")
def frames():
    ground = texture(47, 80)
    return frames_of([ground[:, i : i + 61] for i in range(6)])


def test_results_have_the_size_of_frames_odd_ones_too(starry, frames):
    _, results = run(starry, frames[:1])
    assert (results[0].shape, results[0].dtype) == ((47, 61, 3), np.uint8)
    for shape in ((1, 3), (2, 300)):
        _, thin = run(starry, frames_of([texture(*shape)] * 2))
        assert [each.shape for each in thin] == [(*shape, 3)] * 2


def test_a_run_that_is_taken_up_gives_the_same_bytes(starry, frames):
    _, whole = run(starry, frames)
    state, first = run(starry, frames[:3])
    kept = io.BytesIO()
    np.savez(kept, **state)
    kept.seek(0)
    _, rest = run(starry, frames[3:], dict(np.load(kept)))
    np.testing.assert_array_equal(np.stack(whole), np.stack(first + rest))


def test_each_frame_keeps_some_of_the_one_before_but_not_over_a_cut(starry, frames):
    alone = [run(starry, [frame])[1][0] for frame in frames]
    _, steady = run(starry, frames)
    np.testing.assert_array_equal(steady[0], alone[0])
    assert (steady[1] != alone[1]).any()
    after_cut = Frame(6, 0.24, noise((47, 61, 3), 1), frames[-1].pixels)
    state, _ = run(starry, frames)
    _, fresh = run(starry, [after_cut], state)
    _, expected = run(starry, [after_cut])
    np.testing.assert_array_equal(fresh[0], expected[0])


def test_strength_goes_from_the_frame_to_the_painting(starry, frames):
    half, none = (Stylize(built_in_style(19), strength, SIDE_PX) for strength in (0.5, 0))
    frame, painted = frames[0].pixels, run(starry, frames[:1])[1][0]
    np.testing.assert_array_equal(run(none, frames[:1])[1][0], frame)
    middle = (frame.astype(float) + painted) / 2
    assert np.abs(run(half, frames[:1])[1][0] - middle).max() <= 1.01


def test_of_a_black_picture_no_noise_is_painted(starry):
    black = noise((48, 64, 3), 1) // 128
    assert black.max() == 1
    np.testing.assert_array_equal(run(starry, frames_of([black]))[1][0], black)


def test_all_that_decides_the_result_is_in_the_key(starry):
    others = [
        Stylize(built_in_style(18), side_px=SIDE_PX),
        Stylize(built_in_style(19), 0.5, SIDE_PX),
        Stylize(built_in_style(19)),
    ]
    assert len({starry.key, *(other.key for other in others)}) == 4
    assert starry.key == Stylize(built_in_style(19), side_px=SIDE_PX).key
