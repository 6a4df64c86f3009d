import av
import numpy as np
import pytest

from sora.demo.faults import KINDS, PLAIN_RECORDING


def decoded_until_error(path) -> list[np.ndarray]:
    frames = []
    with av.open(str(path)) as video:
        try:
            frames.extend(frame.to_ndarray(format="rgb24") for frame in video.decode(video=0))
        except av.FFmpegError:
            return frames
    return frames


def test_each_kind_is_there_under_an_honest_name(rendered):
    assert rendered.faults.keys() == KINDS.keys()
    for kind, fault in rendered.faults.items():
        assert (rendered.folder / fault.path).is_file()
        assert kind in fault.path


def test_truncated_file_opens_and_decodes_in_part(rendered):
    path = rendered.folder / rendered.faults["truncated"].path
    with av.open(str(path)) as video:
        assert video.streams.video[0].frames == PLAIN_RECORDING.num_frames
    assert 10 < len(decoded_until_error(path)) < PLAIN_RECORDING.num_frames - 10


def test_black_video_is_whole_and_black(rendered):
    frames = decoded_until_error(rendered.folder / rendered.faults["black"].path)
    assert len(frames) == PLAIN_RECORDING.num_frames
    assert max(frame.max() for frame in frames) == 0


def test_audio_only_file_has_sound_and_no_picture(rendered):
    with av.open(str(rendered.folder / rendered.faults["audio_only"].path)) as video:
        assert not video.streams.video
        assert sum(frame.samples for frame in video.decode(audio=0)) >= 2 * 32_000


def test_duplicate_has_the_bytes_of_another_clip(rendered):
    fault = rendered.faults["duplicate"]
    assert fault.path != fault.source.path
    assert (rendered.folder / fault.path).read_bytes() == (rendered.folder / fault.source.path).read_bytes()


@pytest.mark.parametrize("kind", ["empty", "text"])
def test_files_that_are_no_video_cannot_be_opened(rendered, kind):
    path = rendered.folder / rendered.faults[kind].path
    assert (path.stat().st_size == 0) == (kind == "empty")
    with pytest.raises(av.FFmpegError):
        av.open(str(path))
