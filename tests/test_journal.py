import json
import multiprocessing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sora import journal
from sora.errors import SoraError
from sora.journal import append_only, append_record, read_records


@pytest.fixture
def path(tmp_path) -> Path:
    return tmp_path / "new" / "journal.jsonl"


def append_some(path: Path, process: int) -> None:
    for count in range(20):
        append_only(path, {"process": process, "count": count})


def test_appending_does_not_look_at_what_is_there(path):
    append_only(path, {"count": 1})
    path.write_bytes(path.read_bytes() + b"no JSON\n")
    append_only(path, {"count": 2})
    assert path.read_text().splitlines() == ['{"count": 1}', "no JSON", '{"count": 2}']
    with pytest.raises(SoraError, match="line 2: is not JSON"):
        append_record(path, lambda records: {"count": 3})


@pytest.mark.parametrize("rest", [b'{"cou', b"x" * 200])
def test_a_line_that_a_crash_cut_off_is_gone(path, rest, monkeypatch):
    monkeypatch.setattr(journal, "_BLOCK_BYTES", 64)
    append_only(path, {"count": 1})
    for count in (2, 3):
        path.write_bytes(path.read_bytes() + rest)
        append_only(path, {"count": count})
    assert read_records(path) == [{"count": 1}, {"count": 2}, {"count": 3}]


@given(st.lists(st.binary(max_size=90)), st.integers(1, 70))
def test_the_end_of_the_last_line_is_found_from_behind(tmp_path_factory, lines, block_bytes):
    path = tmp_path_factory.mktemp("journal") / "file"
    data = b"\n".join(lines)
    path.write_bytes(data)
    with path.open("r+b") as file, pytest.MonkeyPatch.context() as patch:
        patch.setattr(journal, "_BLOCK_BYTES", block_bytes)
        assert journal._end_of_last_line(file) == data.rfind(b"\n") + 1


def test_both_ways_of_appending_go_together(path):
    append_record(path, lambda records: {"count": len(records)})
    append_only(path, {"count": 1})
    append_record(path, lambda records: {"count": len(records)})
    assert [record["count"] for record in read_records(path)] == [0, 1, 2]


def test_what_is_no_json_leaves_the_journal_as_it_is(path):
    append_only(path, {"count": 1})
    with pytest.raises(ValueError, match="not JSON compliant"):
        append_only(path, {"count": float("nan")})
    assert read_records(path) == [{"count": 1}]


def test_processes_append_one_after_the_other(path):
    fork = multiprocessing.get_context("fork")
    processes = [fork.Process(target=append_some, args=[path, number]) for number in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    records = [json.loads(line) for line in path.read_text().splitlines()]
    for number in range(3):
        assert [r["count"] for r in records if r["process"] == number] == list(range(20))
