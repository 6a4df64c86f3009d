import hashlib

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from pictures import clips, walking_square

from sora.frames import background
from sora.frames.background import foreground_masks, remove_background

GOLDEN = (1, "0329b9258c7c968b")


@settings(max_examples=25, deadline=None)
@given(clips(), st.integers(0, 255), st.floats(1, 100))
def test_a_pixel_is_the_mover_s_own_or_the_fill(frames, fill_level, var_threshold):
    before = frames.copy()
    found, masks = (
        remove_background(frames, fill_level, var_threshold),
        foreground_masks(frames, var_threshold),
    )
    np.testing.assert_array_equal(frames, before)
    assert (found.shape, found.dtype) == (frames.shape, np.uint8)
    np.testing.assert_array_equal(found[masks], frames[masks])
    assert (found[~masks] == fill_level).all()
    np.testing.assert_array_equal(remove_background(frames, fill_level, var_threshold), found)


def test_the_mover_stays_from_the_first_frame_on_and_the_ground_goes():
    frames, mover = walking_square(16)
    found = foreground_masks(frames, 16.0)
    for number in (0, 5, 10, 15):
        overlap = (found[number] & mover[number]).sum() / (found[number] | mover[number]).sum()
        assert overlap > 0.8
    still = np.repeat(frames[:1], 8, axis=0)
    assert not foreground_masks(still, 16.0).any()


def test_golden():
    found = remove_background(walking_square(8)[0], 127, 16.0)
    digest = hashlib.sha256(found.tobytes()).hexdigest()[:16]
    assert (background.VERSION, digest) == GOLDEN, "changed output: raise VERSION and the digest"
