import itertools
import subprocess
import sys
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from coded_clips import coded_picture, damage_packet, read_index, write_coded, write_sound
from hypothesis import given, settings
from hypothesis import strategies as st
from video_corpus import CASES, GOP, NUM_FRAMES, Case, write_without_start

from sora.errors import VideoError
from sora.video import read, seek
from sora.video.pictures import square
from sora.video.read import Window, iterate_frames, read_frames

SIZE_PX = 64
SCATTERED = [33, 2, 2, 17, 39, 0]


def native(width: int, height: int) -> tuple[int, int]:
    return width, height


def indices_read(path: Path, chosen: list[int], **options) -> list[int]:
    pixels = read_frames(path, lambda times: chosen, square(SIZE_PX), **options).pixels
    return [read_index(picture) - 1 for picture in pixels]


def independent_decode(path: Path) -> list[np.ndarray]:
    """Decode with OpenCV; it cannot decode AV1, for which PyAV's plain loop must do."""
    if path.name.startswith("av1"):
        with av.open(str(path)) as container:
            return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    capture, frames = cv2.VideoCapture(str(path)), []
    while (found := capture.read())[0]:
        frames.append(found[1][..., ::-1])
    return frames


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_kind_of_file_is_read_right(tmp_path: Path, case: Case):
    path = case.write(tmp_path / case.name)
    result = read_frames(path, lambda times: range(len(times)), native)
    assert [read_index(picture) - 1 for picture in result.pixels] == list(range(case.num_frames))
    assert (result.pixels.shape[2], result.pixels.shape[1]) == case.size
    assert (result.pixels.dtype, result.num_frames, result.warning) == (np.uint8, case.num_frames, "")
    expected = independent_decode(path)
    assert len(expected) == case.num_frames
    for found, wanted in zip(result.pixels, expected, strict=True):
        assert np.abs(found.astype(int) - wanted).mean() < 2
    chosen = read_frames(path, lambda times: SCATTERED, native, num_threads=0)
    np.testing.assert_array_equal(chosen.pixels, result.pixels[SCATTERED])
    np.testing.assert_array_equal(chosen.times, result.times[SCATTERED])
    every = list(iterate_frames(path, native))
    np.testing.assert_array_equal(np.stack([frame.pixels for frame in every]), result.pixels)
    np.testing.assert_allclose([frame.time_seconds for frame in every], result.times, atol=1e-6)


REAL = {
    "decord_corrupted.mp4": (28, (1280, 720)),
    "decord_video_180.mov": (3, (568, 320)),
    "decord_video_90.mov": (3, (320, 568)),
    "imageio_test.webm": (94, (640, 480)),
    "mmaction2_demo.mp4": (280, (427, 256)),  # pixels are wider than high
    "opencvdoc_tree.avi": (68, (320, 240)),
    "rails_rotated_hdr_video.mov": (40, (1080, 1920)),
    "rails_video_with_rectangular_samples.mp4": (46, (1920, 1080)),  # likewise
    "streamio_awesome'movie.mov": (123, (640, 480)),
    "torchcodec_av1_video.mkv": (125, (640, 360)),
    "torchcodec_h265_10bits.mp4": (30, (200, 200)),
}


@pytest.mark.parametrize("name", REAL)
def test_real_odd_files_are_read_right(shared: Path, name: str):
    num_frames, size = REAL[name]
    with av.open(str(shared / "odd" / name)) as container:
        plain = itertools.islice(container.decode(video=0), num_frames)
        expected = [np.rot90(frame.to_ndarray(format="rgb24"), frame.rotation // 90) for frame in plain]
    result = read_frames(shared / "odd" / name, lambda times: range(len(times)), native)
    assert (result.num_frames, len(expected)) == (num_frames, num_frames)
    assert (result.pixels.shape[2], result.pixels.shape[1]) == size
    assert (result.warning != "") == (name == "decord_corrupted.mp4")
    for found, wanted in zip(result.pixels, expected, strict=True):
        upright = cv2.resize(np.ascontiguousarray(wanted), size)
        assert np.abs(found.astype(int) - upright).mean() < 2


@pytest.mark.parametrize("pix_fmt", ["yuv420p", "yuvj420p", "yuv420p10le", "yuv444p"])
def test_brightness_is_kept_whatever_the_range_and_depth(tmp_path: Path, pix_fmt: str):
    path = write_coded(tmp_path / "a.mkv", 3, "libx264", pix_fmt=pix_fmt, options={"crf": "5"})
    pixels = read_frames(path, lambda times: [0, 2], native).pixels
    for found, number in zip(pixels, (1, 3), strict=True):
        # FFmpeg's fast conversion is up to two levels dark; a wrong range would be out by ten.
        assert np.abs(found.astype(int) - coded_picture(number)).mean() < 3


@pytest.fixture(scope="module")
def seekable(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("seekable")
    open_gop = {**GOP, "x264-params": "b-adapt=0:open-gop=1:bframes=3:ref=4"}
    return [
        write_coded(folder / "a.mp4", 240, "libx264", options=GOP),
        write_coded(folder / "b.mkv", 240, "libx264", options=open_gop),
        write_coded(folder / "c.avi", 240, "mpeg4", options={"g": "12", "bf": "0"}),
        write_coded(folder / "d.ts", 240, "mpeg2video", options={"g": "12", "bf": "2"}),
    ]


@settings(max_examples=40, deadline=None)
@given(chosen=st.lists(st.integers(0, 239), min_size=1, max_size=9), which=st.integers(0, 3))
def test_any_choice_of_frames_is_exact(seekable: list[Path], chosen: list[int], which: int):
    assert indices_read(seekable[which], chosen) == chosen


def test_few_frames_of_many_are_reached_without_reading_through(
    seekable: list[Path], monkeypatch: pytest.MonkeyPatch
):
    decoded = []
    monkeypatch.setattr(read, "_read_through", lambda *_: pytest.fail("read through"))
    real = seek.RunDecoder._decode_run
    monkeypatch.setattr(
        seek.RunDecoder, "_decode_run", lambda self, run: decoded.append(run) or real(self, run)
    )
    for path in seekable:
        decoded.clear()
        assert indices_read(path, [5, 120, 235]) == [5, 120, 235]
        assert sum(run.last - run.first + 1 for run in decoded) < 60


def test_rotation_swaps_the_size_that_is_asked_for(tmp_path: Path):
    case = next(case for case in CASES if case.name == "rotated_90.mp4")
    path, sizes = case.write(tmp_path / case.name), []

    def half(width: int, height: int) -> tuple[int, int]:
        sizes.append((width, height))
        return width // 2, height // 2

    assert read_frames(path, lambda times: [0], half).pixels.shape == (1, 32, 64, 3)
    assert sizes == [(128, 64)]


def test_pixels_that_are_not_square_count_in_the_size(tmp_path: Path):
    path = tmp_path / "a.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        stream.codec_context.sample_aspect_ratio = 2
        container.mux(stream.encode(av.VideoFrame.from_ndarray(coded_picture(1, 96, 64), "rgb24")))
        container.mux(stream.encode())
    assert read_frames(path, lambda times: [0], native).pixels.shape == (1, 64, 192, 3)


def test_variable_rate_is_told_by_time_stamps(tmp_path: Path):
    times_ms = [0, 40, 80, 500, 540, 900, 1000, 2000]
    path = write_coded(tmp_path / "vfr.mkv", 8, times_ms=times_ms)
    asked = []
    read_frames(path, lambda times: asked.append(times) or [0], native)
    np.testing.assert_allclose(asked[0], np.array(times_ms) / 1000, atol=1e-3)


@pytest.mark.parametrize("name", ["a.mp4", "a.webm"])
def test_a_window_is_a_video_of_its_own(tmp_path: Path, name: str):
    path = write_coded(tmp_path / name, NUM_FRAMES, "libvpx" if name.endswith("webm") else "libx264")
    asked = []
    window = Window(0.4, 0.8)  # at 25 frames a second: 10 to 19
    result = read_frames(
        path, lambda times: asked.append(times) or range(len(times)), square(SIZE_PX), window
    )
    assert [read_index(picture) - 1 for picture in result.pixels] == list(range(10, 20))
    np.testing.assert_allclose(asked[-1], np.arange(10) / 25, atol=1e-3)
    found = iterate_frames(path, square(SIZE_PX), window=window)
    assert [read_index(frame.pixels) - 1 for frame in found] == list(range(10, 20))
    with pytest.raises(VideoError, match=r"^has no frame from 2 to inf s; its last is at 1.56 s$"):
        read_frames(path, lambda times: [0], native, Window(2))


def test_a_start_that_cannot_be_decoded_is_not_counted(tmp_path: Path):
    path = write_without_start(tmp_path / "cut.mkv")
    expected = [read_index(picture) - 1 for picture in independent_decode(path)]
    assert 0 < len(expected) < NUM_FRAMES - 9
    result = read_frames(path, lambda times: range(len(times)), native)
    assert [read_index(picture) - 1 for picture in result.pixels] == expected
    assert indices_read(path, [0, 5]) == [expected[0], expected[5]]


def test_a_file_that_breaks_gives_what_came_before_and_says_where(tmp_path: Path):
    path = write_coded(tmp_path / "a.mkv", 30, options={"g": "1"})
    damage_packet(path, 20)
    result = read_frames(path, lambda times: range(len(times)), square(SIZE_PX))
    assert result.num_frames < 30
    assert result.warning.startswith(f"breaks after frame {result.num_frames}: ")
    assert [read_index(picture) - 1 for picture in result.pixels] == list(range(result.num_frames))
    every = [read_index(frame.pixels) - 1 for frame in iterate_frames(path, square(SIZE_PX))]
    assert every == list(range(result.num_frames))


def test_damage_that_no_wanted_frame_needs_is_passed_over(tmp_path: Path):
    path = write_coded(tmp_path / "a.mkv", 30, options={"g": "1"})
    damage_packet(path, 20)
    assert indices_read(path, [29, 3]) == [29, 3]


def test_leaving_a_video_half_read_does_not_block(tmp_path: Path):
    """Decoding threads are at work when the decoder closes; in a process of its own, lest the test hang."""
    path = write_coded(
        tmp_path / "a.mp4", 60, "libx265", size=(640, 360), options={"x265-params": "log-level=none"}
    )
    program = (
        "import sys; from pathlib import Path; from sora.video.read import iterate_frames\n"
        "for _ in range(60): next(iterate_frames(Path(sys.argv[1]), lambda *size: size, num_threads=4))"
    )
    subprocess.run([sys.executable, "-c", program, str(path)], check=True, timeout=60)


def test_a_truncated_avi_is_read_up_to_its_end(tmp_path: Path):
    path = write_coded(tmp_path / "a.avi", 30, "mjpeg", pix_fmt="yuvj420p")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    result = read_frames(path, lambda times: range(len(times)), square(SIZE_PX))
    assert 3 < result.num_frames < 25
    assert [read_index(picture) - 1 for picture in result.pixels] == list(range(result.num_frames))


def test_an_mp4_without_its_index_is_refused(tmp_path: Path):
    path = write_coded(tmp_path / "a.mp4")
    path.write_bytes(path.read_bytes()[:-600])
    with pytest.raises(VideoError, match=r"^not a readable video \(.*invalid data"):
        read_frames(path, lambda times: [0], native)


PLAYLIST = "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\ninner.ts\n#EXT-X-ENDLIST\n"
CONCAT = "ffconcat version 1.0\nfile inner.ts\n"
DASH = '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><BaseURL>inner.ts</BaseURL></MPD>'


@pytest.mark.parametrize(
    "text", [PLAYLIST, CONCAT, DASH, "hello\n" * 100], ids="hls concat dash text".split()
)
def test_text_is_refused_even_where_it_names_a_good_video(tmp_path: Path, text: str):
    write_coded(tmp_path / "inner.ts", 10)
    path = tmp_path / "a.mp4"
    path.write_text(text)
    with pytest.raises(VideoError, match=r"^not a readable video"):
        read_frames(path, lambda times: [0], native)


def test_files_without_a_picture_are_refused_with_the_reason(tmp_path: Path):
    empty = tmp_path / "empty.mp4"
    empty.touch()
    sound = write_sound(tmp_path / "sound.mp4")
    reasons = {
        empty: "is empty (0 bytes)",
        sound: "has no video stream (only audio)",
        tmp_path / "none.mp4": "no such file",
        tmp_path: "is not a file",
    }
    for path, reason in reasons.items():
        with pytest.raises(VideoError) as caught:
            read_frames(path, lambda times: [0], native)
        assert str(caught.value) == reason
        with pytest.raises(VideoError) as caught:
            next(iterate_frames(path, native))
        assert str(caught.value) == reason
