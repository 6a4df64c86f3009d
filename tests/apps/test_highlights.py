import av
import numpy as np
import pytest
from coded_clips import coded_picture, read_index, write_coded

from sora.apps.summary.highlights import write_highlights
from sora.guard import Guard
from sora.video.read import Window

RATE = 16_000


@pytest.fixture(scope="module")
def guard():
    with Guard() as children:
        yield children


def write_toned(path, count=100):
    """Write frames that show their index, and a tone that sounds in the second second only."""
    with av.open(str(path), "w") as container:
        picture = container.add_stream("libx264", rate=25)
        picture.width, picture.height, picture.pix_fmt = 128, 64, "yuv420p"
        sound = container.add_stream("aac", rate=RATE, layout="mono")
        for index in range(count):
            container.mux(picture.encode(av.VideoFrame.from_ndarray(coded_picture(index), "rgb24")))
        times = np.arange(count * RATE // 25) / RATE
        tone = np.where((times >= 1) & (times < 2), 0.5 * np.sin(2 * np.pi * 440 * times), 0).astype(
            np.float32
        )
        for start in range(0, len(tone) - 1023, 1024):
            frame = av.AudioFrame.from_ndarray(tone[None, start : start + 1024], "fltp", "mono")
            frame.sample_rate, frame.pts = RATE, start
            container.mux(sound.encode(frame))
        container.mux(picture.encode())
        container.mux(sound.encode())
    return path


def test_the_right_frames_and_their_sound_are_joined(guard, tmp_path):
    video, output = write_toned(tmp_path / "clip.mp4"), tmp_path / "new" / "highlights.mp4"
    reason = write_highlights(video, guard, [Window(1, 1.8), Window(2.4, 3.2)], output)
    assert reason == ""
    with av.open(str(output)) as file:
        frames = list(file.decode(video=0))
    assert [read_index(frame.to_ndarray(format="rgb24")) for frame in frames] == [
        *range(25, 45),
        *range(60, 80),
    ]
    np.testing.assert_allclose([frame.time for frame in frames], np.arange(40) / 25, atol=0.001)
    with av.open(str(output)) as file:
        sound = np.concatenate([frame.to_ndarray()[0] for frame in file.decode(audio=0)])
    loud = np.sqrt(np.mean(sound[4_800:33_600] ** 2)), np.sqrt(np.mean(sound[45_000:70_000] ** 2))
    assert loud[0] == pytest.approx(0.25, rel=0.05)  # half the power of the tone in each of two channels
    assert loud[1] < 0.01


def test_a_video_without_sound_stays_without(guard, tmp_path):
    output = tmp_path / "highlights.mp4"
    assert write_highlights(write_coded(tmp_path / "clip.mkv"), guard, [Window(0, 0.4)], output) == ""
    with av.open(str(output)) as file:
        assert [stream.type for stream in file.streams] == ["video"]
