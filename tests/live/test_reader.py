import pytest
from live_fakes import FakeClock, frames, playing

from sora.errors import VideoError
from sora.live.mailbox import LiveFrame, Mailbox
from sora.live.reader import Reader
from sora.video.live import Source, source_of

CAMERA, FILE = source_of("rtsp://me:secret@camera/one"), Source("file", "clip.mp4")


def read(source: Source, connect, *, paced: bool = True, max_waits: int = 1_000_000):
    mailbox, clock, told = Mailbox(1000), FakeClock(max_waits), []
    reader = Reader(source, connect, mailbox, clock, paced=paced, tell=told.append)
    reader.run()
    return reader, list(iter(mailbox.take, None)), clock, told


def test_a_file_is_played_at_its_own_pace_and_ends():
    reader, found, clock, told = read(FILE, playing(frames(50, 25)))
    assert [frame.number for frame in found] == list(range(1, 51))
    assert [frame.available_seconds - 100 for frame in found] == pytest.approx([n / 25 for n in range(50)])
    assert [frame.time_seconds for frame in found] == [n / 25 for n in range(50)]
    assert (reader.error, reader.num_connections, told) == (None, 1, [])
    assert sum(clock.waited) == pytest.approx(49 / 25)


def test_a_file_that_is_not_paced_waits_for_nothing():
    _, found, clock, _ = read(FILE, playing(frames(50, 25)), paced=False)
    assert (len(found), clock.waited) == (50, [])


def test_a_file_that_breaks_gives_what_came_before_and_the_reason():
    reader, found, _, told = read(FILE, playing([*frames(3, 25), VideoError("breaks after frame 3: no")]))
    assert (len(found), str(reader.error), told) == (3, "breaks after frame 3: no", [])


def test_a_lost_source_is_tried_again_ever_more_seldom_until_it_is_back():
    gone = [VideoError("connection refused")]
    lost = VideoError("no frame for 10 s")
    connect = playing([*frames(3, 25), lost], gone, gone, [*frames(2, 25), VideoError("it ended")])
    reader, found, clock, told = read(CAMERA, connect, max_waits=4)
    assert [frame.number for frame in found] == [1, 2, 3, 4, 5]
    assert [frame.connection for frame in found] == [1, 1, 1, 2, 2]
    assert reader.num_connections == 2
    assert reader.error is None
    starts = [0.5, 1.0, 2.0, 0.5]  # and from the beginning after a connection
    assert all(longest / 2 <= wait <= longest for wait, longest in zip(clock.waited, starts, strict=True))
    assert found[3].time_seconds == pytest.approx(sum(clock.waited[:3]))
    reasons = ["(no frame for 10 s)", "(connection refused)", "(connection refused)", "again", "(it ended)"]
    assert all(reason in line for reason, line in zip(reasons, told, strict=True))
    assert all(line.startswith("rtsp://camera/one: ") for line in told)  # no password


def test_a_source_that_never_was_there_is_an_error():
    reader, found, clock, told = read(CAMERA, playing([VideoError("no such host")]))
    assert (str(reader.error), found, clock.waited, told) == ("no such host", [], [], [])


def test_the_thread_ends_when_it_is_stopped():
    mailbox, clock = Mailbox(4, patient=True), FakeClock()
    reader = Reader(FILE, playing(frames(1000, 25)), mailbox, clock, paced=False, tell=print)
    reader.start()
    assert isinstance(mailbox.take(), LiveFrame)
    reader.stop()
    assert mailbox.take() is None
