import os
import signal
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from coded_clips import coded_picture, damage_packet, read_index, write_coded, write_pictures

from sora.enhance.effect import Enhancement, Options
from sora.errors import SoraError, VideoError
from sora.transcode.checks import estimated_bytes
from sora.transcode.coding import Coding, Target
from sora.transcode.effect import Effect
from sora.transcode.join import decoding_times
from sora.transcode.run import Job, transcode
from sora.transcode.source import Reader, read_source
from sora.video.pictures import PictureMaker


class Same(Effect):
    key = "same"


class Counting(Effect):
    """Adds up what it saw, so that a result depends on all frames before it; dies where it is told to."""

    key = "counting"

    def __init__(self, dies_at: int = -1):
        self.dies_at = dies_at

    def prepare(self, frame):
        if frame.number == self.dies_at:
            os.kill(os.getpid(), signal.SIGKILL)
        changed = 0 if frame.previous is None else np.abs(frame.pixels.astype(int) - frame.previous).sum()
        return int(changed)

    def finish(self, state, frame, prepared):
        total = prepared + (0 if state is None else int(state["total"][0]))
        return {"total": np.array([total])}, np.roll(frame.pixels, total % 128, axis=1)


class Enlarged(Effect):
    key = "enlarged"

    def size(self, height, width):
        return 2 * height, 2 * width

    def finish(self, state, frame, prepared):
        return None, prepared.repeat(2, 0).repeat(2, 1)


def demuxed(path: Path, kind: str) -> list[tuple[Fraction, bytes]]:
    with av.open(str(path)) as container:
        stream = getattr(container.streams, kind)[0]
        return [(p.pts * p.time_base, bytes(p)) for p in container.demux(stream) if p.size]


def shown(path: Path) -> tuple[list[Fraction], list[np.ndarray]]:
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        maker = PictureMaker(lambda width, height: (width, height))
        frames = list(container.decode(stream))
        return [frame.pts * frame.time_base for frame in frames], [maker.picture(frame) for frame in frames]


@pytest.mark.parametrize(("suffix", "codec"), [(".mp4", "h264"), (".mov", "hevc"), (".mkv", "h264")])
def test_sound_is_copied_and_frames_keep_their_times_at_a_variable_rate(tmp_path, suffix, codec):
    times_ms = [0, 40, 80, 200, 210, 230, 500, 540, 1000, 1010, 1500, 1540]
    video = write_coded(tmp_path / "in.mp4", 12, times_ms=times_ms, audio=True)
    output = tmp_path / f"out{suffix}"
    report = transcode(Job(video, output, Coding(codec), segment_frames=5), Same())
    assert (report.num_frames, report.warnings) == (12, [])
    times, pictures = shown(output)
    first = times[0]  # Matroska has no times below 0, and sound begins there
    assert [time - first for time in times] == [Fraction(ms, 1000) for ms in times_ms]
    assert [read_index(picture) for picture in pictures] == list(range(1, 13))
    sound, copied = demuxed(video, "audio"), demuxed(output, "audio")
    assert [data for _, data in copied] == [data for _, data in sound]
    drift = [abs((new - first) - old) for (new, _), (old, _) in zip(copied, sound, strict=True)]
    assert max(drift) <= Fraction(1, 1000)
    assert not list(tmp_path.glob(".*"))


def test_a_killed_run_is_taken_up_and_gives_the_same_bytes(tmp_path):
    video = write_coded(tmp_path / "in.mp4", 20, audio=True)
    expected = tmp_path / "undisturbed.mp4"
    transcode(Job(video, expected, segment_frames=6), Counting())
    output = tmp_path / "out.mp4"
    code = (
        "import sys; sys.path[:0] = sys.argv[1:3]; from test_run import Counting, Job, Path, transcode; "
        "transcode(Job(Path(sys.argv[3]), Path(sys.argv[4]), segment_frames=6), Counting(15))"
    )
    words = [sys.executable, "-c", code, Path(__file__).parents[1], Path(__file__).parent, video, output]
    assert subprocess.run(words, check=False).returncode == -signal.SIGKILL
    assert not output.exists()
    told: list[tuple[str, int, int]] = []
    transcode(Job(video, output, segment_frames=6), Counting(), lambda *progress: told.append(progress))
    assert told[0] in (("writing", 6, 20), ("writing", 12, 20))
    assert told[-1] == ("writing", 20, 20)
    assert output.read_bytes() == expected.read_bytes()
    assert not output.with_name(".out.mp4.parts").exists()


def test_progress_is_told_of_the_look_at_the_whole_video_too(tmp_path):
    video = write_coded(tmp_path / "in.mp4", 3)
    told: list[tuple[str, int, int]] = []
    effect = Enhancement(Options(deflicker=True), None)
    transcode(Job(video, tmp_path / "out.mp4"), effect, lambda *progress: told.append(progress))
    steps = [("looking", 1), ("looking", 2), ("looking", 3), *(("writing", number) for number in range(4))]
    assert told == [(*step, 3) for step in steps]


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_a_turned_video_is_shown_the_same(tmp_path, rotation):
    video = write_coded(tmp_path / "in.mp4", 2, rotation=rotation)
    transcode(Job(video, tmp_path / "out.mkv"), Enlarged())
    before, after = shown(video)[1][0], shown(tmp_path / "out.mkv")[1][0]
    assert after.shape == (2 * before.shape[0], 2 * before.shape[1], 3)
    assert np.abs(after[::2, ::2].astype(int) - before).mean() < 3


def test_pixel_aspect_and_colours_are_told_and_kept(tmp_path):
    video = tmp_path / "in.mp4"
    ramp = np.tile(np.arange(16, 80, dtype=np.uint8)[None, :, None], (64, 1, 3)) * np.uint8(3)
    with av.open(str(video), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"qp": "0"})
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        stream.sample_aspect_ratio = Fraction(4, 3)
        stream.color_range, stream.colorspace, stream.color_primaries, stream.color_trc = 2, 1, 1, 1
        picture = av.VideoFrame.from_ndarray(ramp, "rgb24")
        container.mux(stream.encode(picture.reformat(format="yuv420p", dst_colorspace=1, dst_color_range=2)))
        container.mux(stream.encode())
    transcode(Job(video, tmp_path / "out.mp4", Coding(quality=0)), Same())
    told, levels = [], []
    for path in (video, tmp_path / "out.mp4"):
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            frame = next(container.decode(stream))
            told.append(
                (
                    stream.sample_aspect_ratio,
                    frame.color_range,
                    frame.colorspace,
                    frame.color_primaries,
                    frame.color_trc,
                )
            )
            levels.append(frame.to_ndarray()[:64].astype(int))
    assert told[0] == told[1] == (Fraction(4, 3), 2, 1, 1, 1)
    assert np.abs(levels[0] - levels[1]).max() <= 1


def test_an_odd_size_and_one_frame_without_sound(tmp_path):
    picture = coded_picture(9)[:45, :77]
    video = write_pictures(tmp_path / "in.mkv", [picture], "ffv1", pix_fmt="bgr0")
    report = transcode(Job(video, tmp_path / "out.mp4"), Same())
    (result,) = shown(tmp_path / "out.mp4")[1]
    assert result.shape == picture.shape
    assert np.abs(result.astype(int) - picture).mean() < 2
    assert report.num_frames == 1
    assert "4:4:4" in report.warnings[0]


def test_frames_wait_for_those_before_and_are_never_decoded_late():
    pts = np.array([0, 300, 100, 120, 1000, 400])
    dts = decoding_times(pts, step=40)
    assert (dts <= pts).all()
    assert (np.diff(dts) > 0).all()
    assert dts.tolist() == [-40, 0, 100, 120, 300, 400]


def test_what_cannot_be_written_is_refused_before_work(tmp_path):
    video = write_coded(tmp_path / "in.mp4", 3)
    there = tmp_path / "there.mp4"
    there.write_bytes(b"precious")
    for output, words in [
        (there, "--force"),
        (video, "is the video itself"),
        (tmp_path / "no" / "out.mp4", "there is no folder"),
        (tmp_path / "out.webm", "ends in .mp4, .mov, .mkv"),
    ]:
        with pytest.raises(SoraError, match=words):
            transcode(Job(video, output, force=output == video), Same())
    assert there.read_bytes() == b"precious"
    transcode(Job(video, there, force=True), Same())
    assert len(shown(there)[0]) == 3


def test_a_full_disk_is_told_before_work(tmp_path, monkeypatch):
    video = write_coded(tmp_path / "in.mp4", 3)
    monkeypatch.setattr("shutil.disk_usage", lambda path: type("Usage", (), {"free": 10}))
    with pytest.raises(SoraError, match="make room"):
        transcode(Job(video, tmp_path / "out.mp4"), Same())
    assert [path.name for path in tmp_path.iterdir()] == ["in.mp4"]


def test_a_clock_that_jumps_back_is_refused_before_work(tmp_path):
    once = write_coded(tmp_path / "once.ts", 50, audio=True)
    joined = tmp_path / "joined.ts"
    joined.write_bytes(2 * once.read_bytes())
    with pytest.raises(VideoError, match=r"clock jumps back at .* ffmpeg -i IN -c copy OUT"):
        transcode(Job(joined, tmp_path / "out.mp4"), Same())
    assert {path.name for path in tmp_path.iterdir()} == {"once.ts", "joined.ts"}
    transcode(Job(once, tmp_path / "out.mp4"), Same())


def test_times_of_sound_that_stand_still_rise_where_they_must(tmp_path):
    plain, video = write_coded(tmp_path / "in.mp4", 5, audio=True), tmp_path / "in.mkv"
    with av.open(str(plain)) as source, av.open(str(video), "w") as file:
        copies = [file.add_stream_from_template(stream) for stream in source.streams]
        for packet in source.demux():
            if packet.size:
                packet.stream = copies[packet.stream_index]
                if packet.stream.type == "audio":
                    packet.pts = packet.dts = 0
                file.mux(packet)
    for output, least, most in ((tmp_path / "out.mp4", 1, 1000), (tmp_path / "out.mkv", 0, 0)):
        transcode(Job(video, output), Same())
        first, second = (round(1_000_000 * time) for time, _ in demuxed(output, "audio"))
        assert least <= second - first <= most


def write_with_subtitles(path: Path) -> Path:
    """A video in Matroska with sound and one line of subtitles."""
    plain = write_coded(path.with_suffix(".mp4"), 5, audio=True)
    lines = path.with_suffix(".ass")
    lines.write_text(
        "[Script Info]\n[Events]\nFormat: Layer, Start, End, Text\nDialogue: 0,0:00:00.00,0:00:00.10,Hello\n"
    )
    with av.open(str(plain)) as source, av.open(str(lines)) as words, av.open(str(path), "w") as file:
        copies = [file.add_stream_from_template(stream) for stream in (*source.streams, words.streams[0])]
        for packet in [*words.demux(), *source.demux()]:
            if packet.size:
                packet.stream = copies[-1 if packet.stream.type == "subtitle" else packet.stream_index]
                file.mux(packet)
    return path


def test_streams_of_unknown_codecs_are_told(tmp_path):
    video = write_with_subtitles(tmp_path / "in.mkv")
    known = video.read_bytes()
    video.write_bytes(known.replace(b"S_TEXT/ASS", b"S_TEXT/QQQ"))
    assert "subtitle" in transcode(Job(video, tmp_path / "out.mkv"), Same()).warnings[0]
    video.write_bytes(known.replace(b"A_AAC", b"A_QQQ"))
    with pytest.raises(VideoError, match="its sound has a codec that this build of FFmpeg lacks"):
        transcode(Job(video, tmp_path / "other.mkv"), Same())


def test_breaks_are_counted_once_however_often_a_video_is_read(tmp_path):
    video = write_coded(tmp_path / "in.mp4", 12)
    damage_packet(video, 5)
    reader = Reader(read_source(video))
    counts = []
    for _ in range(2):
        list(reader.pictures())
        counts.append(reader.num_breaks)
    assert counts[0] == counts[1] > 0


def test_room_is_asked_for_what_a_preview_and_a_rest_need(tmp_path, monkeypatch):
    video = write_coded(tmp_path / "in.mp4", 20)
    target = Target(read_source(video), Coding(), 128, 64)
    whole = estimated_bytes(target, 20)
    assert estimated_bytes(target, 5) == pytest.approx(whole / 4, abs=1)
    folder = tmp_path / ".out.mp4.parts"
    folder.mkdir()
    (folder / "whole.mp4").write_bytes(bytes(10))
    monkeypatch.setattr("shutil.disk_usage", lambda path: type("Usage", (), {"free": whole - 11}))
    with pytest.raises(SoraError, match="make room"):
        transcode(Job(video, tmp_path / "out.mp4"), Same())
    monkeypatch.setattr("shutil.disk_usage", lambda path: type("Usage", (), {"free": whole - 10}))
    transcode(Job(video, tmp_path / "out.mp4"), Same())


def test_a_video_in_rgb_becomes_one_whose_colours_can_be_told(tmp_path):
    picture = np.full((64, 64, 3), (200, 40, 90), np.uint8)
    video = write_pictures(tmp_path / "in.mkv", [picture], "libx264rgb", pix_fmt="rgb24", options={"qp": "0"})
    transcode(Job(video, tmp_path / "out.mp4"), Same())
    with av.open(str(tmp_path / "out.mp4")) as container:
        assert next(container.decode(video=0)).colorspace == 6
    assert np.abs(shown(tmp_path / "out.mp4")[1][0].astype(int) - picture).max() <= 3


def test_a_join_that_fails_leaves_nothing_beside_the_output(tmp_path, monkeypatch):
    video, output = write_coded(tmp_path / "in.mp4", 3), tmp_path / "out.mp4"

    def fail(path):
        raise OSError("pulled out")

    with monkeypatch.context() as patched:
        patched.setattr("sora.transcode.join.sync", fail)
        with pytest.raises(OSError, match="pulled out"):
            transcode(Job(video, output), Same())
    assert {path.name for path in tmp_path.iterdir()} == {"in.mp4", ".out.mp4.parts"}
    transcode(Job(video, output), Same())
    assert {path.name for path in tmp_path.iterdir()} == {"in.mp4", "out.mp4"}
