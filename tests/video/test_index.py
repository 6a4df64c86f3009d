import numpy as np
import pytest

from sora.errors import VideoError
from sora.video import index
from sora.video.index import NO_TIME, PacketTable, guess_times, index_frames


def table(
    pts: list[int], keys: list[int], hidden: tuple[int, ...] = (), *, is_whole: bool = True
) -> PacketTable:
    places = np.arange(len(pts))
    stamps = np.array(pts, np.int64)
    return PacketTable(stamps, stamps - 1, np.isin(places, keys), ~np.isin(places, hidden), is_whole)


def test_frames_are_ordered_by_time_and_begin_at_their_key_frame():
    found = index_frames(table([10, 13, 11, 12, 14, 16, 15], keys=[0, 4]), "h264", 0.5)
    assert found is not None
    assert found.packet.tolist() == [0, 2, 3, 1, 4, 6, 5]
    assert found.start.tolist() == [0, 0, 0, 0, 4, 4, 4]
    assert found.times.tolist() == [0, 0.5, 1, 1.5, 2, 2.5, 3]


def test_pictures_before_an_open_key_frame_start_at_the_one_before():
    found = index_frames(table([0, 1, 4, 2, 3, 5], keys=[0, 2]), "hevc", 1)
    assert found is not None
    assert found.start[found.packet == 3].tolist() == [0]
    assert found.start[found.packet == 5].tolist() == [2]


def test_what_an_edit_list_cuts_is_no_frame():
    found = index_frames(table([0, 1, 2, 3], keys=[0], hidden=(0, 1)), "h264", 1)
    assert found is not None
    assert (found.packet.tolist(), found.start.tolist(), found.times.tolist()) == ([2, 3], [0, 0], [0, 1])


@pytest.mark.parametrize(
    "packets",
    [
        table([0, 1, 2], keys=[1]),  # begins without a key frame
        table([2, 0, 1, 3], keys=[0]),  # begins with pictures that refer to what is missing
        table([0, 1, 1], keys=[0]),  # two at one time
        table([NO_TIME, 1, 2], keys=[0]),
        table([0, 1, 2], keys=[0], is_whole=False),
        table([], keys=[]),
    ],
    ids="no_key leading twice no_time damaged empty".split(),
)
def test_where_packets_cannot_tell_there_is_no_index(packets: PacketTable):
    assert index_frames(packets, "h264", 1) is None


def test_codecs_with_hidden_frames_have_no_index():
    assert index_frames(table([0, 1], keys=[0]), "vp8", 1) is None


def test_times_are_counted_where_there_are_none():
    assert guess_times(table([4, 8, 6], keys=[0]), 0.5, 30).tolist() == [0, 1, 2]
    assert guess_times(table([NO_TIME, NO_TIME], keys=[0]), 0.5, 10).tolist() == [0, 0.1]


def test_more_frames_than_are_allowed_are_refused(monkeypatch: pytest.MonkeyPatch):
    class Stream:
        frames = 11

    monkeypatch.setattr(index, "MAX_FRAMES", 10)
    with pytest.raises(VideoError, match="has more than 10 frames"):
        index.scan_packets(None, Stream())
