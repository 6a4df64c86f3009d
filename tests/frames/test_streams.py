import hashlib

import numpy as np
from clip_specs import clip_spec, input_spec
from hypothesis import given
from hypothesis import strategies as st
from pictures import noise, walking_square

from sora.frames import streams
from sora.frames.motion import Flow, segment_flow
from sora.frames.streams import difference_images, moving_part, stream_images

GOLDEN = (1, "ccce7f7a576dbb0e")
SPEC = input_spec(clip_spec(frames_per_segment=4), streams="difference rgb crop").streams


def walk() -> tuple[np.ndarray, Flow]:
    """Two segments of four frames, uint8 RGB (2, 4, 96, 96, 3), and their flow."""
    segments = walking_square(8, step=3)[0].reshape(2, 4, 96, 96, 3)
    return segments, segment_flow(segments[:, :2], 96)


def test_streams_come_in_the_order_of_their_names():
    segments, flow = walk()
    found = stream_images(segments, flow, SPEC)
    assert (found.shape, found.dtype) == ((3, 2, 96, 96, 3), np.float32)
    np.testing.assert_array_equal(found[0], difference_images(segments, 4.0))
    np.testing.assert_array_equal(found[1], segments[:, 0])
    np.testing.assert_array_equal(found[2], moving_part(segments[:, 0], flow.compensated, 0.5))


def test_the_moving_part_is_cut_out_and_enlarged():
    frames = np.repeat(noise((1, 8, 8, 3), 0), 8, axis=1).repeat(8, axis=2)  # 64 x 64, blocks of 8
    flow = np.zeros((1, 64, 64, 2), np.float32)
    flow[:, 40:56, 40:56] = 5  # centred on (48, 48): the window of half a side is the lower right quarter
    np.testing.assert_array_equal(
        moving_part(frames, flow, 0.5)[0, 8:56, 8:56][::16, ::16][0, 0], frames[0, 36, 36]
    )
    np.testing.assert_array_equal(moving_part(frames, flow, 1.0), frames)


def test_differences_are_grey_changes_around_the_middle():
    segments = np.zeros((1, 4, 4, 4, 3), np.uint8)
    segments[0, 1:] = 10
    segments[0, 3] = 4
    found = difference_images(segments, 2.0)
    np.testing.assert_array_equal(found[0, 0, 0], [127.5 + 20, 127.5, 127.5 - 12])
    segments[0, 3] = 255
    assert difference_images(segments, 2.0).max() == 255


@given(st.integers(0, 99), st.floats(0.5, 64))
def test_time_reversed_differences_mirror_around_the_middle(seed: int, gain: float):
    segments = noise((2, 4, 6, 6, 3), seed)
    forth, back = (difference_images(s, gain) for s in (segments, segments[:, ::-1]))
    np.testing.assert_allclose(back[..., ::-1], 255 - forth, atol=1e-4)


def test_inputs_stay_as_they_are():
    segments, flow = walk()
    before = segments.copy(), flow.compensated.copy()
    stream_images(segments, flow, SPEC)
    np.testing.assert_array_equal(segments, before[0])
    np.testing.assert_array_equal(flow.compensated, before[1])


def test_golden():
    digest = hashlib.sha256(np.round(stream_images(*walk(), SPEC)).tobytes()).hexdigest()[:16]
    assert (streams.VERSION, digest) == GOLDEN, "changed output: raise VERSION and the digest"
