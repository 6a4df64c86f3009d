import hashlib

import numpy as np
from clip_specs import input_spec
from pictures import noise, walking_square

from sora.frames.colour import colour_features
from sora.frames.descriptors import describe, descriptor_columns, motion_boundaries
from sora.frames.motion import direction_histogram, segment_flow
from sora.frames.texture import texture_features

ALL = "texture motion.flow motion.boundaries colour motion.compensated"
GOLDEN = "b7f84c10b7c6070d"


def test_every_block_lies_where_it_is_said_to():
    spec = input_spec(descriptors=ALL).descriptors
    segments = noise((3, 2, 40, 40, 3), 0)
    flow = segment_flow(segments, spec.flow_size_px)
    found, columns = describe(segments[:, 0], flow, spec), descriptor_columns(spec)
    assert list(columns) == ALL.split()
    assert (found.dtype, found.shape) == (np.float32, (3, columns["motion.compensated"].stop))
    for i in range(3):
        expected = {
            "texture": texture_features(segments[i, 0], 2),
            "motion.flow": direction_histogram(flow.raw[i], 2, 8),
            "motion.boundaries": motion_boundaries(flow.raw[i], 2, 8),
            "colour": colour_features(segments[i, 0], 4),
            "motion.compensated": direction_histogram(flow.compensated[i], 2, 8),
        }
        for name, block in expected.items():
            np.testing.assert_array_equal(found[i, columns[name]], block, name)


def test_no_descriptors_are_no_columns():
    spec = input_spec(descriptors="").descriptors
    assert descriptor_columns(spec) == {}
    assert describe(noise((3, 8, 8, 3), 0), segment_flow(noise((0, 2, 8, 8, 3), 0), 32), spec).shape == (3, 0)


def test_boundaries_are_where_motion_changes_and_not_where_all_moves():
    flow = np.full((40, 40, 2), (3.0, 1.0), np.float32)
    assert motion_boundaries(flow, 2, 4).max() < 1e-3
    flow[:, 30:, 0] += 4  # the right part moves further to the right: x of the flow grows to the right
    found = motion_boundaries(flow, 2, 4).reshape(2, 4, 4)
    assert found[1].max() < 1e-3  # y of the flow is the same everywhere
    np.testing.assert_array_equal(found[0] > 0.1, [[0] * 4, [1, 0, 0, 0], [0] * 4, [1, 0, 0, 0]])


def test_golden():
    spec = input_spec(descriptors=ALL).descriptors
    frames = walking_square(2)[0][None]
    found = describe(frames[:, 0], segment_flow(frames, spec.flow_size_px), spec)
    digest = hashlib.sha256((np.round(found.astype(float), 2) + 0.0).tobytes()).hexdigest()[:16]
    assert digest == GOLDEN, "changed output: raise the VERSION of what changed, and the digest"
