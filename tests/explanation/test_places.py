import numpy as np
import pytest
from clip_specs import clip_spec, input_spec
from pictures import noise

from sora.explanation.places import WHOLE, descriptor_places, places_in
from sora.frames.descriptors import describe, descriptor_columns
from sora.frames.motion import Flow

G, SIZE = 4, 64
SPEC = input_spec(
    clip_spec(num_segments=2),
    streams="rgb crop",
    descriptors="motion.flow motion.compensated motion.boundaries colour texture",
)


def described(frames, field):
    return describe(frames, Flow(field, field), SPEC.descriptors)[0]


def test_what_changes_in_a_region_changes_features_that_come_from_there():
    """Half the picture is one cell of the descriptors; its middle is far from the others."""
    frames, field = np.full((1, SIZE, SIZE, 3), 90, np.uint8), np.zeros((1, 32, 32, 2), np.float32)
    other_frames, other_field = frames.copy(), field.copy()
    other_frames[:, 40:56, 8:24] = noise((16, 16, 3), 0)
    other_field[:, 20:28, 4:12] = np.random.default_rng(0).normal(size=(8, 8, 2))
    changed = described(frames, field) != described(other_frames, other_field)
    places = descriptor_places(SPEC.descriptors, G).reshape(-1, G, G)
    columns = descriptor_columns(SPEC.descriptors)
    assert len(places) == len(changed)
    np.testing.assert_allclose(places.sum(axis=(1, 2)), 1, atol=1e-6)
    for name, block in columns.items():
        found = places[block][changed[block]]
        assert len(found) > 0, name
        if name == "colour":
            np.testing.assert_allclose(found, 1 / 16)
        else:
            np.testing.assert_allclose(found[:, 2:, :2].sum(axis=(1, 2)), 1)


def test_the_window_of_the_crop_lies_on_what_moves():
    frames = np.full((4, SIZE, SIZE, 3), 90, np.uint8)
    texture = noise((16, 16, 3), 1)
    for index, frame in enumerate(frames):
        left = 40 + 2 * (index % 2)
        frame[44:60, left : left + 16] = texture
    whole, moving = places_in(frames, SPEC, G).windows
    assert whole == WHOLE
    left, top, right, bottom = moving
    assert right - left == bottom - top == SPEC.streams.crop_share
    assert left >= 0.4
    assert top >= 0.4


@pytest.mark.parametrize("names", ["motion.flow", "texture colour"])
def test_places_fit_the_columns(names):
    spec = input_spec(descriptors=names).descriptors
    assert len(descriptor_places(spec, 3)) == max(c.stop for c in descriptor_columns(spec).values())
