"""The journal that is written behind the requests."""

import errno
import logging
from concurrent.futures import ThreadPoolExecutor

from sora.journal import older, read_records
from sora.serving.observing import journal as module
from sora.serving.observing.journal import JOURNAL, ObservationJournal


def test_what_was_added_is_there_after_the_end(tmp_path):
    journals = [ObservationJournal(tmp_path, 2**20) for _ in range(2)]  # of two workers
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: journals[number % 2].add({"number": number}), range(100)))
    for journal in journals:
        journal.close()
    assert sorted(record["number"] for record in read_records(tmp_path / JOURNAL)) == [*range(100)]


def test_it_never_grows_beyond_its_limit(tmp_path):
    journal = ObservationJournal(tmp_path, 200)
    for number in range(100):
        journal.add({"number": number})
    journal.close()
    path = tmp_path / JOURNAL
    kept = [*read_records(older(path)), *read_records(path)]
    assert [record["number"] for record in kept] == [*range(100 - len(kept), 100)]
    assert all(each.stat().st_size < 220 for each in (path, older(path)))
    assert older(path).name == "observations-older.jsonl"


def test_a_full_disk_is_told_once_and_fails_nobody(tmp_path, monkeypatch, caplog):
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    journal = ObservationJournal(tmp_path, 200)
    monkeypatch.setattr(module, "append_only", full)
    for number in range(10):
        journal.add({"number": number})
    journal.close()
    (told,) = [one for one in caplog.records if one.levelno == logging.WARNING]
    assert "observations are lost" in told.message
