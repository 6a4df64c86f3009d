from itertools import islice

import av
import pytest
from coded_clips import coded_picture, damage_packet, read_index, write_coded
from file_server import Served, file_server
from live_servers import Played, rtsp_server

from sora.errors import SoraError, VideoError
from sora.video.live import Source, read_live, source_of
from sora.video.pictures import square


def full(width: int, height: int) -> tuple[int, int]:
    return width, height


def until_lost(source: Source) -> tuple[list[int], str]:
    found: list[int] = []
    with pytest.raises(VideoError) as lost:
        found.extend(read_index(frame.pictures[0]) for frame in read_live(source, [full]))
    return found, str(lost.value)


@pytest.mark.parametrize(
    ("text", "kind", "address"),
    [
        ("0", "camera", "/dev/video0"),
        ("/dev/video12", "camera", "/dev/video12"),
        ("rtsp://user:pass@host:554/one?x=1", "network", "rtsp://user:pass@host:554/one?x=1"),
        ("https://host/stream.ts", "network", "https://host/stream.ts"),
        ("folder/clip.mp4", "file", "folder/clip.mp4"),
        ("12.mp4", "file", "12.mp4"),
    ],
)
def test_what_a_person_names(text: str, kind: str, address: str):
    assert source_of(text) == Source(kind, address)


@pytest.mark.parametrize(
    "text", ["file:///etc/passwd", "udp://1.2.3.4:5", "concat://a|b", "ftp://host/x.mp4"]
)
def test_no_other_kind_of_address_is_opened(text: str):
    with pytest.raises(SoraError, match=r"expected the number of a camera, a file, or .* rtsp://"):
        source_of(text)


def test_a_message_never_shows_a_password():
    assert source_of("rtsp://user:p@ss@host/one").name == "rtsp://host/one"
    assert source_of("rtsp://host/a@b").name == "rtsp://host/a@b"
    assert source_of("clip@home.mp4").name == "clip@home.mp4"


def test_a_file_gives_every_frame_in_every_size_and_ends(tmp_path):
    video = write_coded(tmp_path / "clip.mp4", 30)
    found = list(read_live(source_of(str(video)), [square(32), full]))
    assert [read_index(frame.pictures[1]) for frame in found] == list(range(1, 31))
    assert [frame.time_seconds for frame in found] == pytest.approx([n / 25 for n in range(30)])
    assert [picture.shape for picture in found[0].pictures] == [(32, 32, 3), (64, 128, 3)]


def test_a_file_that_breaks_says_where(tmp_path):
    video = write_coded(tmp_path / "clip.mkv", 30, options={"g": "1"})
    for place in range(12, 30):
        damage_packet(video, place)
    found, reason = until_lost(source_of(str(video)))
    assert found == list(range(1, 13))
    assert reason.startswith("breaks after frame 12: ")


def test_a_file_may_not_be_a_playlist(tmp_path):
    video = write_coded(tmp_path / "clip.ts", 10)
    playlist = tmp_path / "list.mp4"
    playlist.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{video}\n#EXT-X-ENDLIST\n")
    assert until_lost(source_of(str(playlist)))[1].startswith("not a readable video")


def test_an_rtsp_camera_is_read_until_it_hangs_up(tmp_path):
    video = write_coded(tmp_path / "clip.ts", 30, options={"g": "5", "bf": "0"})
    with rtsp_server(Played(video.read_bytes())) as address:
        found, _ = until_lost(source_of(address))
    assert found == list(range(1, 1 + len(found)))
    assert len(found) >= 29  # whether the last is known to be whole is up to the demuxer


def test_a_stream_over_http_is_read_and_its_end_is_a_loss(tmp_path):
    video = write_coded(tmp_path / "clip.ts", 30)
    with file_server({"live": Served(video.read_bytes())}) as root:
        found, reason = until_lost(source_of(f"{root}/live"))
    assert (found, reason) == (list(range(1, 31)), "it ended")


def test_pictures_without_times_are_as_old_as_they_come(tmp_path, monkeypatch):
    video = tmp_path / "clip.mjpg"
    with av.open(str(video), "w", format="mpjpeg") as container:
        stream = container.add_stream("mjpeg", rate=10)
        stream.width, stream.height, stream.pix_fmt = 128, 64, "yuvj420p"
        for number in range(1, 6):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(coded_picture(number), "rgb24")))
        container.mux(stream.encode())
    monkeypatch.setattr("sora.video.live.monotonic", iter(range(100, 200)).__next__)
    with file_server({"live": Served(video.read_bytes())}) as root:
        frames = read_live(source_of(f"{root}/live"), [full])
        found = [(read_index(frame.pictures[0]), frame.time_seconds) for frame in islice(frames, 5)]
    assert found == [(1, 1), (2, 2), (3, 3), (4, 4), (5, 5)]


def test_a_playlist_over_http_is_refused(tmp_path):
    video = write_coded(tmp_path / "clip.ts", 10)
    playlist = b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nclip.ts\n#EXT-X-ENDLIST\n"
    files = {"list.m3u8": Served(playlist), "clip.ts": Served(video.read_bytes())}
    with file_server(files) as root:
        assert until_lost(source_of(f"{root}/list.m3u8"))[1].startswith("not a readable video")
    assert files["clip.ts"].ranges == []  # nobody asked for it


def test_a_camera_that_is_not_there_is_one_line():
    assert until_lost(source_of("/dev/video99")) == ([], "not a readable video (no such file or directory)")
