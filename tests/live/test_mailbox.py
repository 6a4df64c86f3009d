import threading

from live_fakes import live_frame

from sora.live.mailbox import Mailbox


def numbers(mailbox: Mailbox) -> list[int]:
    return [frame.number for frame in iter(mailbox.take, None)]


def test_a_full_mailbox_drops_the_oldest_and_counts_it():
    mailbox = Mailbox(3)
    for number in range(1, 8):
        mailbox.put(live_frame(number))
    assert (mailbox.num_seen, mailbox.num_dropped) == (7, 4)
    first = mailbox.take()
    assert first is not None
    assert first.number == 5
    assert mailbox.has_newer()
    mailbox.end()
    mailbox.put(live_frame(9))
    assert numbers(mailbox) == [6, 7]
    assert not mailbox.has_newer()
    assert mailbox.num_seen == 7


def test_a_patient_one_lets_wait_and_drops_nothing():
    mailbox = Mailbox(2, patient=True)

    def fill() -> None:
        for number in range(1, 101):
            mailbox.put(live_frame(number))
        mailbox.end()

    threading.Thread(target=fill).start()
    assert numbers(mailbox) == list(range(1, 101))
    assert (mailbox.num_seen, mailbox.num_dropped) == (100, 0)


def test_stopping_forgets_what_is_there_and_wakes_all_who_wait():
    full = Mailbox(1, patient=True)
    full.put(live_frame(1))
    blocked = threading.Thread(target=full.put, args=[live_frame(2)])
    blocked.start()
    full.stop()
    blocked.join()
    assert numbers(full) == []
    empty, found = Mailbox(1), []
    waiting = threading.Thread(target=lambda: found.append(empty.take()))
    waiting.start()
    empty.stop()
    waiting.join()
    assert found == [None]
