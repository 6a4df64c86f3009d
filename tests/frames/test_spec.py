from dataclasses import asdict, replace

import pytest
from clip_specs import PLAIN, clip_spec, input_spec

from sora.frames.spec import DescriptorSpec, InputSpec, StreamSpec, from_mapping

SPEC = replace(input_spec(clip_spec(fit="letterbox", crop={"left": 0.25})), pixel_mean=1.5)


def test_a_specification_comes_back_from_its_mapping():
    assert from_mapping(InputSpec, asdict(SPEC)) == SPEC


@pytest.mark.parametrize("change", ["unknown", "missing", "no mapping"])
def test_what_does_not_fit_is_refused(change: str):
    values = asdict(SPEC)
    if change == "unknown":
        values["clip"]["crop"]["middle"] = 0.5
    elif change == "missing":
        del values["clip"]["light"]["gamma"]
    else:
        values["clip"]["denoise"] = "median"
    with pytest.raises(TypeError):
        from_mapping(InputSpec, values)


@pytest.mark.parametrize(
    ("part", "message"),
    [
        ({"selection": {"min_brightness": 0.6, "max_brightness": 0.5}}, "min_brightness must be below"),
        ({"crop": {"left": 0.5, "right": 0.5}}, "crop.left must be below"),
        ({"denoise": {"kernel_px": 4}}, "kernel_px must be odd"),
        ({"image_size_px": 63}, "image_size_px must be even"),
    ],
)
def test_contradictions_are_refused(part: dict, message: str):
    with pytest.raises(ValueError, match=message):
        clip_spec(**part)


def test_streams_and_descriptors_that_cannot_be_are_refused():
    with pytest.raises(ValueError, match="one name or more"):
        StreamSpec([], 0.5, 4.0)
    with pytest.raises(ValueError, match="each name once"):
        DescriptorSpec(["motion.flow"] * 2, 32, 2, 8, 4)
    with pytest.raises(ValueError, match=r"needs preprocess\.frames_per_segment of 4 or more, not 2"):
        input_spec(streams="rgb difference")


def test_which_options_need_a_first_pass():
    plain = PLAIN.selection
    assert not plain.looks_at_every_frame
    assert not replace(plain, min_brightness=0.3).looks_at_every_frame
    options = {
        "static_change": 2.0,
        "frozen_seconds": 0.5,
        "drop_duplicates": True,
        "min_relative_sharpness": 0.2,
        "max_speed": 1.0,
    }
    assert all(replace(plain, **{name: value}).looks_at_every_frame for name, value in options.items())


def test_which_crops_keep_all():
    assert PLAIN.crop.keeps_all
    options = {"left": 0.1, "bottom": 0.9, "black_bar_level": 24, "motion_share": 0.5}
    assert not any(replace(PLAIN.crop, **{name: value}).keeps_all for name, value in options.items())
