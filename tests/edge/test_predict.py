"""The runner sees the frames that the pipeline sees, though OpenCV reads them."""

import av
import numpy as np
import pytest
from clip_specs import clip_spec
from coded_clips import coded_picture, read_index, write_coded
from video_corpus import CASES

from sora.clip import read_clean_clip
from sora.edge.predict import read_clip
from sora.errors import VideoError

NAMES = {
    "h264_b.mp4",
    "h264_open_gop.mp4",
    "h264.ts",
    "vp9_hidden_frames.mkv",
    "mpeg2.mpg",
    "mpeg4_b.avi",
    "mpeg4_b.mp4",
    "variable_rate.mkv",
    "rotated_90.mp4",
    "rotated_180.mp4",
}
FOUND = [case for case in CASES if case.name in NAMES]


def indices(clip: np.ndarray) -> list[int]:
    return [read_index(picture) for picture in clip]


@pytest.mark.parametrize("case", FOUND, ids=lambda case: case.name)
@pytest.mark.parametrize("first_pass", [False, True], ids=["times", "survey"])
def test_it_chooses_the_frames_that_the_pipeline_chooses(case, first_pass, tmp_path):
    video = case.write(tmp_path / case.name)
    spec = clip_spec(num_segments=6, selection={"drop_duplicates": first_pass})
    expected, found = read_clean_clip(video, spec).pixels, read_clip(video, spec)
    assert len(set(indices(expected))) > 6
    np.testing.assert_array_equal(indices(found), indices(expected))
    assert np.abs(found.astype(int) - expected).mean() < 4


def test_all_cases_are_there():
    assert {case.name for case in FOUND} == NAMES


def test_pixels_that_are_not_square_are_made_so(tmp_path):
    video = tmp_path / "wide.mp4"
    with av.open(str(video), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        stream.codec_context.sample_aspect_ratio = 2
        for number in range(10):
            frame = av.VideoFrame.from_ndarray(coded_picture(number + 1, 64, 64), "rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    spec = clip_spec(fit="letterbox")
    expected, found = read_clean_clip(video, spec).pixels, read_clip(video, spec)
    assert expected[:, 0].max() < 20  # bars above and below
    assert np.abs(found.astype(int) - expected).mean() < 4


@pytest.mark.parametrize("content", [None, b"", b"no video"])
def test_what_is_no_video_is_said(tmp_path, content):
    video = tmp_path / "video.mp4"
    if content is not None:
        video.write_bytes(content)
    message = "there is no such file" if content is None else "no frame decodes"
    with pytest.raises(VideoError, match=message):
        read_clip(video, clip_spec())


def test_a_name_with_a_pattern_is_a_name(tmp_path):
    write_coded(tmp_path / "clip1.mp4")
    with pytest.raises(VideoError, match="there is no such file"):
        read_clip(tmp_path / "clip%d.mp4", clip_spec())
