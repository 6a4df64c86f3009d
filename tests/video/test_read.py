from pathlib import Path

import av
import numpy as np
import pytest
from coded_clips import coded_picture, read_index, write_coded, write_pictures, write_sound

from sora.errors import VideoError
from sora.video.read import read_frames

SIZE_PX = 64
B_FRAMES = {"bf": "3", "g": "12", "x264-params": "b-adapt=0"}
CODECS = {
    "h264_b_frames.mp4": ("libx264", {"options": B_FRAMES}),
    "h264.avi": ("libx264", {"options": {"bf": "0"}}),
    "h264_odd.mkv": ("libx264", {"pix_fmt": "yuv444p", "size": (129, 67)}),
    "hevc.mp4": ("libx265", {"options": {"x265-params": "log-level=none:bframes=3"}}),
    "vp9_odd.webm": ("libvpx-vp9", {"size": (129, 67), "options": {"cpu-used": "8", "deadline": "realtime"}}),
    "mjpeg.avi": ("mjpeg", {"pix_fmt": "yuvj420p"}),
    "mpeg4.avi": ("mpeg4", {"options": {"bf": "0"}}),
    "mpeg4_b_frames.mp4": ("mpeg4", {"options": {"bf": "2"}}),
    "h264.ts": ("libx264", {"options": B_FRAMES}),
}


def indices_read(path: Path, chosen: list[int]) -> list[int]:
    return [read_index(p) - 1 for p in read_frames(path, lambda n, fps: chosen, SIZE_PX).pixels]


def decode_all(path: Path) -> list[np.ndarray]:
    with av.open(str(path)) as container:
        frames = container.decode(video=0)
        return [f.reformat(SIZE_PX, SIZE_PX, "rgb24", interpolation="BILINEAR").to_ndarray() for f in frames]


@pytest.mark.parametrize("name", CODECS)
def test_every_frame_is_the_one_of_a_sequential_decode(tmp_path: Path, name: str):
    codec, settings = CODECS[name]
    path = write_coded(tmp_path / name, 30, codec, **settings)
    asked: list[tuple[int, float]] = []

    def choose(num_frames: int, fps: float) -> range:
        asked.append((num_frames, fps))
        return range(num_frames)

    result = read_frames(path, choose, SIZE_PX)
    assert [read_index(p) - 1 for p in result.pixels] == list(range(30))
    np.testing.assert_array_equal(result.pixels, np.stack(decode_all(path)))
    assert result.pixels.dtype == np.uint8
    assert (result.num_frames, result.warning) == (30, "")
    assert asked == [(30, 25.0)]
    assert indices_read(path, [29, 0, 17, 17, 3, 29]) == [29, 0, 17, 17, 3, 29]


@pytest.mark.parametrize("rotation", [90, -90, 180])
def test_rotated_frames_come_upright(tmp_path: Path, rotation: int):
    stored = [np.ascontiguousarray(np.rot90(coded_picture(i + 1), -rotation // 90)) for i in range(5)]
    path = write_pictures(tmp_path / "turned.mp4", stored, rotation=rotation)
    assert indices_read(path, [0, 4, 2]) == [0, 4, 2]


def test_variable_rate_counts_frames_not_time(tmp_path: Path):
    times = [0, 40, 80, 500, 540, 900, 1000, 2000]
    path = write_coded(tmp_path / "vfr.mkv", 8, times_ms=times)
    assert indices_read(path, [3, 7, 0]) == [3, 7, 0]


def test_a_file_that_breaks_gives_what_came_before_and_says_why(tmp_path: Path):
    path = write_coded(tmp_path / "a.mkv", 30, options={"g": "1"})
    data = bytearray(path.read_bytes())
    with av.open(str(path)) as container:
        packets = [(p.pos, p.size) for p in container.demux(video=0) if p.size]
    position, size = packets[20]
    start = data.index(bytes(8), 0) if position is None else position
    data[start + 4 : start + size] = b"\xff" * (size - 4)
    path.write_bytes(data)
    result = read_frames(path, lambda n, fps: [0, n - 1], SIZE_PX)
    assert result.num_frames < 30
    assert result.warning.startswith(f"breaks after frame {result.num_frames}: ")
    assert [read_index(p) - 1 for p in result.pixels] == [0, result.num_frames - 1]


def test_a_truncated_avi_is_read_up_to_its_end(tmp_path: Path):
    path = write_coded(tmp_path / "a.avi", 30, "mjpeg", pix_fmt="yuvj420p")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    result = read_frames(path, lambda n, fps: range(n), SIZE_PX)
    assert 3 < result.num_frames < 25
    assert [read_index(p) - 1 for p in result.pixels] == list(range(result.num_frames))


def test_an_mp4_without_its_index_is_refused(tmp_path: Path):
    path = write_coded(tmp_path / "a.mp4")
    path.write_bytes(path.read_bytes()[:-600])
    with pytest.raises(VideoError, match=r"^not a readable video \(.*invalid data"):
        read_frames(path, lambda n, fps: [0], SIZE_PX)


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
        read_frames(path, lambda n, fps: [0], SIZE_PX)


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
            read_frames(path, lambda n, fps: [0], SIZE_PX)
        assert str(caught.value) == reason
