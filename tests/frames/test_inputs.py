from dataclasses import replace

import numpy as np
import pytest
from clip_specs import clip_spec, input_spec
from pictures import noise, texture

from sora.errors import SoraError, VideoError
from sora.frames.descriptors import describe
from sora.frames.inputs import (
    CLIP_VERSIONS,
    choose_frames,
    clean_clip,
    decoded_size,
    network_input,
    one_segment,
)
from sora.frames.motion import segment_flow
from sora.frames.streams import stream_images

SHAPE = {"frames_per_segment": 3, "frame_interval_seconds": 0.1, "image_size_px": 32}
CLIP = clip_spec(**SHAPE, selection={"min_brightness": 0.1, "max_brightness": 0.9})
SPEC = input_spec(CLIP, streams="rgb crop", descriptors="motion.flow texture")
FRAMES = noise((12, 32, 32, 3), 0)
TIMES = np.arange(120) / 10


def test_streams_are_normalised_and_descriptors_follow_the_spec():
    segments = FRAMES.reshape(4, 3, 32, 32, 3)
    flow = segment_flow(segments[:, :2], 32)
    found = network_input(FRAMES, SPEC)
    assert (found.images.dtype, found.descriptors.dtype) == (np.float32, np.float32)
    images = stream_images(segments, flow, SPEC.streams)
    np.testing.assert_allclose(found.images, (images - 127) / 128, atol=1e-6)
    np.testing.assert_array_equal(
        found.images[0], ((FRAMES[::3].astype(float) - 127) / 128).astype(np.float32)
    )
    np.testing.assert_array_equal(found.descriptors, describe(FRAMES[::3], flow, SPEC.descriptors))
    other = network_input(FRAMES, replace(SPEC, pixel_mean=0.0, pixel_scale=255.0))
    np.testing.assert_allclose(other.images[0], FRAMES[::3] / 255, atol=1e-6)


def test_no_flow_is_computed_where_nobody_asks(monkeypatch):
    def refuse(*arguments: object) -> None:
        raise AssertionError("flow was computed")

    monkeypatch.setattr("sora.frames.motion.dense_flow", refuse)
    assert network_input(FRAMES, input_spec(CLIP, descriptors="colour")).images.shape == (1, 4, 32, 32, 3)
    with pytest.raises(AssertionError, match="flow was computed"):
        network_input(FRAMES, SPEC)


def test_badly_exposed_segments_are_replaced_by_whole_good_ones():
    frames = FRAMES.copy()
    frames[3:6] = 0
    frames[9:12] = 255
    found = clean_clip(frames, CLIP)
    first, third = frames[0:3], frames[6:9]
    np.testing.assert_array_equal(found, np.concatenate([first, first, third, third]))
    np.testing.assert_array_equal(clean_clip(FRAMES, CLIP), FRAMES)


def test_a_clip_without_a_good_frame_is_an_error():
    with pytest.raises(VideoError, match=r"none of the 4 frames looked at .* between 0.1 and 0.9"):
        clean_clip(np.zeros_like(FRAMES), CLIP)


def test_the_spec_decides_which_frames():
    assert list(choose_frames(TIMES, CLIP)) == [15, 16, 17, 45, 46, 47, 75, 76, 77, 105, 106, 107]
    assert list(choose_frames(TIMES / 2, CLIP))[:3] == [15, 17, 19]


def test_dropped_frames_are_not_chosen_and_take_no_time():
    reasons = np.full(120, "", dtype="<U12")
    reasons[:80] = "still"
    assert list(choose_frames(TIMES, CLIP, reasons))[::3] == [85, 95, 105, 115]
    with pytest.raises(VideoError, match=r"none of its 120 frames is fit for use \(80 still, 40 dark\)"):
        choose_frames(TIMES, CLIP, np.where(reasons == "", "dark", reasons))


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, (32, 32)),
        ({"fit": "letterbox"}, (32, 18)),
        ({"fit": "centre_crop"}, (57, 32)),
        ({"crop": {"motion_share": 0.5}}, (114, 64)),
        ({"crop": {"left": 0.5, "bottom": 0.25}}, (228, 128)),
        ({"crop": {"black_bar_level": 24, "motion_share": 0.1}}, (640, 360)),
    ],
)
def test_the_decoder_shrinks_as_far_as_the_rest_allows(settings: dict, expected: tuple[int, int]):
    assert decoded_size(640, 360, clip_spec(**SHAPE, **settings)) == expected


@pytest.mark.parametrize(
    "settings",
    [
        {"crop": {"left": 0.2, "bottom": 0.8}},
        {"crop": {"black_bar_level": 24}, "fit": "letterbox"},
        {"crop": {"motion_share": 0.6}, "fit": "centre_crop"},
        {"denoise": {"method": "bilateral"}},
        {"light": {"grey_world": 1.0, "gamma": 1.5, "clahe_clip_limit": 2.0}},
        {"background": {"remove": True}},
    ],
)
def test_every_step_gives_a_clip_of_one_shape_and_leaves_its_input(settings: dict):
    spec = clip_spec(**SHAPE, **settings)
    frames = np.stack([np.roll(texture(40, 60), 2 * i, axis=1) for i in range(12)])
    before = frames.copy()
    found = clean_clip(frames, spec)
    assert (found.shape, found.dtype) == ((12, 32, 32, 3), np.uint8)
    assert (found != clean_clip(frames, clip_spec(**SHAPE))).any()
    np.testing.assert_array_equal(frames, before)
    np.testing.assert_array_equal(clean_clip(frames, spec), found)


def test_the_versions_of_every_step_of_a_clip_are_named():
    expected = "background denoising exposure geometry light sampling selection survey".split()
    assert sorted(CLIP_VERSIONS) == expected


@pytest.mark.parametrize(
    "settings",
    [
        {"selection": {"min_brightness": 0.1, "max_brightness": 0.9}},
        {"crop": {"left": 0.2}, "fit": "centre_crop", "denoise": {"method": "bilateral"}},
        {"fit": "letterbox", "light": {"gamma": 1.5, "clahe_clip_limit": 2.0}},
    ],
)
def test_one_segment_at_a_time_gives_what_the_whole_clip_gives(settings: dict):
    every = "motion.flow motion.compensated motion.boundaries colour texture"
    spec = input_spec(
        clip_spec(frames_per_segment=4, image_size_px=32, **settings),
        streams="rgb difference",
        descriptors=every,
    )
    frames = np.stack([np.roll(texture(40, 60), 2 * i, axis=1) for i in range(16)])
    whole, alone = network_input(clean_clip(frames, spec.clip), spec), one_segment(spec)
    for place in range(4):
        own = network_input(clean_clip(frames[4 * place : 4 * place + 4], alone.clip), alone)
        np.testing.assert_array_equal(own.images[:, 0], whole.images[:, place])
        np.testing.assert_array_equal(own.descriptors[0], whole.descriptors[place])


@pytest.mark.parametrize(
    ("settings", "streams", "named"),
    [
        ({}, "rgb crop", "extract.streams crop"),
        ({"selection": {"drop_duplicates": True}}, "rgb", "preprocess.selection"),
        (
            {"crop": {"motion_share": 0.5, "black_bar_level": 9}},
            "rgb",
            "black_bar_level, preprocess.crop.mot",
        ),
        ({"light": {"grey_world": 0.5}}, "rgb", "grey_world"),
        ({"background": {"remove": True}}, "rgb", "background"),
    ],
)
def test_what_looks_at_a_whole_video_is_refused_by_name(settings: dict, streams: str, named: str):
    with pytest.raises(SoraError, match=f"one by one because of .*{named}"):
        one_segment(input_spec(clip_spec(**settings), streams=streams))


def test_a_network_trained_from_clips_is_not_for_single_segments():
    with pytest.raises(SoraError, match=r"of train\.network$"):
        one_segment(replace(input_spec(), backbone_blocks=[]))
