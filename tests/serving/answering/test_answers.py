import os
import pickle
import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from diskcache.core import MODE_BINARY, MODE_PICKLE, MODE_RAW

from sora.serving.answering.answers import Answers

KEY = "classify/" + "ab" * 16


class Planted:
    """Makes a folder when it is unpickled."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __reduce__(self):
        return os.mkdir, (str(self._folder),)


@pytest.fixture
def answers(tmp_path) -> Answers:
    return Answers(tmp_path / "state" / "answers", 2**20)


def database(folder: Path) -> Path:
    return folder / "state" / "answers" / "cache.db"


def change(folder: Path, statement: str, values: tuple) -> None:
    with closing(sqlite3.connect(database(folder))) as connection, connection:
        assert connection.execute(statement, values).rowcount == 1


def test_answers_are_kept_for_all_that_use_the_folder(tmp_path, answers):
    assert answers.get(KEY) is None
    answers.put(KEY, {"label": "走る", "probabilities": {"run": 0.5}})
    answers.put("film", b"\x00\xff")
    other = Answers(tmp_path / "state" / "answers", 2**20)
    assert other.get(KEY) == {"label": "走る", "probabilities": {"run": 0.5}}
    assert other.get("film") == b"\x00\xff"


def test_only_json_and_bytes_are_taken(answers):
    with pytest.raises(TypeError, match="not JSON serializable"):
        answers.put(KEY, {"label": object()})
    with pytest.raises(ValueError, match="not JSON compliant"):
        answers.put(KEY, {"probability": float("nan")})
    assert answers.get(KEY) is None


@pytest.mark.parametrize("in_file", [False, True])
def test_a_planted_pickle_is_not_loaded(tmp_path, answers, in_file):
    trace = tmp_path / "unpickled"
    data = pickle.dumps(Planted(trace))
    answers.put(KEY, {"label": "run"})
    (database(tmp_path).parent / "planted.val").write_bytes(data)
    planted = (MODE_PICKLE, "planted.val" if in_file else None, None if in_file else data, KEY)
    change(tmp_path, "UPDATE Cache SET mode = ?, filename = ?, value = ? WHERE key = ?", planted)
    assert answers.get(KEY) is None
    assert not trace.exists()
    pickle.loads(data)
    assert trace.exists(), "it would not have shown"


def test_no_file_is_read_or_removed_that_a_row_names(tmp_path, answers):
    secret = tmp_path / "secret"
    secret.write_bytes(b"j12345{}")
    answers.put(KEY, {"label": "run"})
    change(tmp_path, "UPDATE Cache SET mode = ?, filename = ?", (MODE_BINARY, str(secret)))
    answers.put(KEY, {"label": "walk"})
    assert secret.exists()
    change(tmp_path, "UPDATE Cache SET mode = ?, filename = ?", (MODE_BINARY, str(secret)))
    assert answers.get(KEY) is None


def test_a_value_that_has_changed_is_not_believed(tmp_path, answers):
    answers.put(KEY, {"label": "run"})
    change(tmp_path, "UPDATE Cache SET mode = ?, value = replace(value, 'run', 'fun')", (MODE_RAW,))
    assert answers.get(KEY) is None
    answers.put(KEY, {"label": "run"})
    assert answers.get(KEY) == {"label": "run"}


@pytest.mark.parametrize("is_open", [False, True])
def test_a_damaged_database_is_moved_aside(tmp_path, answers, is_open, caplog):
    folder = tmp_path / "state" / "answers"
    answers.put(KEY, {"label": "run"})
    other = answers if is_open else Answers(folder, 2**20)
    third = Answers(folder, 2**20)
    for name in ("cache.db-wal", "cache.db-shm"):
        (folder / name).unlink(missing_ok=True)
    database(tmp_path).write_bytes(b"not a database" * 1000)
    with ThreadPoolExecutor(1) as pool:  # a thread that has read nothing yet
        assert pool.submit(other.get, KEY).result() is None
    assert "is damaged; moved to" in caplog.text
    assert (tmp_path / "state" / "answers.damaged" / "cache.db").read_bytes().startswith(b"not a database")
    other.put(KEY, {"label": "walk"})
    assert third.get(KEY) == {"label": "walk"}
    assert answers.get(KEY) == {"label": "walk"}


def test_tables_of_something_else_are_moved_aside(tmp_path, answers):
    database(tmp_path).parent.mkdir(parents=True)
    with closing(sqlite3.connect(database(tmp_path))) as connection, connection:
        connection.execute("CREATE TABLE Cache (something TEXT)")
    answers.put(KEY, {"label": "walk"})
    answers.put(KEY, {"label": "walk"})
    assert answers.get(KEY) == {"label": "walk"}


def test_a_folder_that_somebody_removed_is_made_again(tmp_path, answers):
    answers.put(KEY, {"label": "run"})
    (tmp_path / "state").rename(tmp_path / "gone")
    assert answers.get(KEY) is None
    answers.put(KEY, {"label": "walk"})
    assert answers.get(KEY) == {"label": "walk"}


def test_what_was_not_asked_for_longest_goes_first(tmp_path, answers):
    answers.put("wanted", b"w")
    for number in range(60):
        answers.put(str(number), bytes(50_000))
        assert answers.get("wanted") == b"w"
    assert answers.get("0") is None
    assert answers.get("59") == bytes(50_000)
    assert database(tmp_path).stat().st_size < 1.5 * 2**20


def test_one_answer_does_not_push_out_all_others(answers):
    answers.put(KEY, {"label": "run"})
    answers.put("film", bytes(2**18))
    assert answers.get("film") is None
    assert answers.get(KEY) == {"label": "run"}


class Counting:
    """Computes when it is let go, and counts how often."""

    def __init__(self) -> None:
        self.count = 0
        self.go = threading.Event()

    def __call__(self):
        self.count += 1
        assert self.go.wait(60)
        return {"tags": ("a", "b")}


def ask_at_once(answers: Answers, compute: Counting, num_threads: int = 4):
    ready = threading.Barrier(num_threads + 1)

    def ask():
        ready.wait(60)
        return answers.once(KEY, compute)

    with ThreadPoolExecutor(num_threads) as pool:
        futures = [pool.submit(ask) for _ in range(num_threads)]
        ready.wait(60)
        compute.go.set()
    return futures


def test_of_several_threads_one_computes(answers):
    compute = Counting()
    results = [future.result() for future in ask_at_once(answers, compute)]
    assert compute.count == 1
    assert results == [{"tags": ["a", "b"]}] * 4
    results[0]["tags"].append("mine")
    assert results[1] == answers.once(KEY, compute) == {"tags": ["a", "b"]}
    assert compute.count == 1


def test_an_error_is_told_and_not_kept(answers):
    release = threading.Event()
    started = threading.Event()

    def fail():
        started.set()
        assert release.wait(60)
        raise LookupError("no such thing")

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(answers.once, KEY, fail)
        assert started.wait(60)
        under_way = answers._under_way[KEY]
        second = pool.submit(answers.once, KEY, lambda: pytest.fail("computed a second time"))
        while not under_way._condition._waiters:  # until the second waits for the first
            time.sleep(0.001)
        release.set()
        for future in (first, second):
            assert isinstance(future.exception(60), LookupError)
    assert answers.once(KEY, lambda: {"label": "run"}) == {"label": "run"}
