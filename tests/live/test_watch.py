from clip_specs import clip_spec
from live_fakes import CountingClassifier, FakeClock, live_frame

from sora.live.mailbox import LiveFrame, Mailbox
from sora.live.watch import Rhythm, watch

CLIP = clip_spec(num_segments=3)  # two frames of 0.04 s a segment


def filled(frames: list[LiveFrame], capacity: int = 1000, *, patient: bool = True) -> Mailbox:
    mailbox = Mailbox(capacity, patient=patient)
    for frame in frames:
        mailbox.put(frame)
    mailbox.end()
    return mailbox


def answers(mailbox: Mailbox, rhythm: Rhythm, classifier: CountingClassifier | None = None) -> list[dict]:
    seen = watch(mailbox, classifier or CountingClassifier(), CLIP, rhythm, FakeClock())
    return [answer for _, answer in seen if answer is not None]


def test_each_moment_is_computed_once_and_the_clip_is_the_last_of_them():
    classifier = CountingClassifier()
    found = answers(filled([live_frame(n) for n in range(1, 45)]), Rhythm(8), classifier)
    assert [answer["frame"] for answer in found] == [8, 16, 24, 32, 40]
    assert [answer["clip"] for answer in found] == [
        [[7, 8], [7, 8], [7, 8]],
        [[7, 8], [7, 8], [15, 16]],
        [[7, 8], [15, 16], [23, 24]],
        [[15, 16], [23, 24], [31, 32]],
        [[23, 24], [31, 32], [39, 40]],
    ]
    assert [answer["warming_up"] for answer in found] == [True, True, False, False, False]
    assert [answer["time_seconds"] for answer in found][:2] == [0.28, 0.6]
    assert classifier.num_segments == 5


def test_a_window_spreads_the_moments_whatever_the_rhythm_of_answers():
    classifier = CountingClassifier()
    found = answers(filled([live_frame(n) for n in range(1, 101)]), Rhythm(10, 3.0), classifier)
    assert len(found) == 10
    assert found[-1]["clip"] == [[25, 26], [50, 51], [75, 76]]  # a second apart
    assert found[0]["clip"] == [[9, 10]] * 3  # there is none yet, so the first answer takes one
    assert classifier.num_segments == 4


def test_frames_that_come_while_an_answer_is_made_are_dropped_and_the_newest_is_answered():
    clock, mailbox, newest = FakeClock(), Mailbox(8), 0

    def arrive(count: int) -> None:
        nonlocal newest
        for _ in range(count):
            newest += 1
            mailbox.put(live_frame(newest, available=clock.now()))
            clock.seconds += 0.04

    def answer_slowly() -> None:
        arrive(12)
        if newest > 40:
            mailbox.end()

    arrive(8)
    seen = watch(mailbox, CountingClassifier(answer_slowly), CLIP, Rhythm(8), clock)
    found = [answer for _, answer in seen if answer is not None]
    assert [answer["frame"] for answer in found] == [8, 20, 32, 44]
    assert [answer["dropped"] for answer in found] == [4, 8, 12, 12]
    assert [answer["delay_ms"] for answer in found] == [520.0] * 4  # 12 intervals, and the one since it came
    assert found[-1]["clip"] == [[19, 20], [31, 32], [43, 44]]
    assert (mailbox.num_seen, mailbox.num_dropped) == (44, 12)


def test_after_a_lost_source_nothing_from_before_counts():
    before = [live_frame(n) for n in range(1, 17)]
    after = [live_frame(n, connection=2) for n in range(17, 25)]
    found = answers(filled(before + after), Rhythm(8))
    assert found[1]["clip"] == [[7, 8], [7, 8], [15, 16]]
    assert found[2]["clip"] == [[23, 24]] * 3
    assert found[2]["warming_up"]


def test_every_frame_is_handed_on_with_or_without_an_answer():
    mailbox = filled([live_frame(n) for n in range(1, 10)])
    seen = list(watch(mailbox, CountingClassifier(), CLIP, Rhythm(4), FakeClock()))
    assert [frame.number for frame, _ in seen] == list(range(1, 10))
    assert [frame.number for frame, answer in seen if answer] == [4, 8]
