import hashlib
from pathlib import Path

import pytest
from file_server import Served, file_server

from sora.attempt import Outcome
from sora.errors import SoraError
from sora.sources.entries import Entry, cut, fetch, identify, locate
from sora.sources.fetching import FetchRules
from sora.sources.videos import LabelledVideo, part_hash
from sora.video.read import Window


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def fetched(tmp_path: Path, *urls: str) -> list[Entry]:
    entries = locate([LabelledVideo(url, "run", url) for url in urls], tmp_path, tmp_path / "fetched")
    return fetch(entries, FetchRules(tmp_path / "partial", 1 << 20, ()))


def test_local_and_remote_files_are_located(tmp_path: Path):
    videos = [LabelledVideo(name, "run", "g") for name in ("walk/a.mp4", "http://x.org/b.MKV?v=1")]
    local, remote = locate(videos, Path("data/mine"), Path("data/fetched"))
    assert local.file == Path("data/mine/walk/a.mp4")
    assert remote.file.parent == Path("data/fetched")
    assert remote.file.suffix == ".mkv"


def test_what_cannot_be_fetched_fails_and_the_rest_goes_on(tmp_path: Path):
    (tmp_path / "c.mp4").write_bytes(b"c")
    with file_server({"a.mp4": Served(b"a"), "b.mp4": Served(status=404)}) as url:
        a, b, c = fetched(tmp_path, f"{url}/a.mp4", f"{url}/b.mp4", "c.mp4")
    assert a.file.read_bytes() == b"a"
    assert b.failure == "not fetched: the server answers 404 (Not Found)"
    assert (a.goes_on, b.goes_on, c.goes_on) == (True, False, True)


def test_a_network_that_is_down_can_be_tried_again_as_a_whole(tmp_path: Path):
    files = {"a.mp4": Served(status=503), "b.mp4": Served(b"b")}
    with file_server(files) as url:
        urls = [f"{url}/a.mp4", f"{url}/b.mp4"]
        with pytest.raises(ConnectionError, match=r"no video could be fetched: the server answers 503"):
            fetched(tmp_path, urls[0], "local.mp4")
        assert [entry.goes_on for entry in fetched(tmp_path, *urls)] == [False, True]


def test_hashes_sizes_and_wrong_checksums(tmp_path: Path):
    (tmp_path / "a.mp4").write_bytes(b"film")
    videos = [
        LabelledVideo("a.mp4", "run", "g", sha256=sha256(b"film")),
        LabelledVideo("a.mp4", "run", "g", window=Window(1, 2)),
        LabelledVideo("a.mp4", "run", "g", window=Window(2, 3), sha256=sha256(b"other")),
    ]
    failed = Entry(videos[0], tmp_path / "none", failure="not fetched")
    entries = [*locate(videos, tmp_path, tmp_path), failed]
    whole, part, wrong, after = identify(entries, tmp_path / "hashes.json")
    assert (whole.content_hash, whole.size_bytes) == (sha256(b"film"), 4)
    assert part.content_hash == part_hash(sha256(b"film"), Window(1, 2))
    assert wrong.failure == f"its SHA-256 is {sha256(b'film')}, expected {sha256(b'other')}"
    assert after == failed


def test_whole_videos_become_pieces_of_their_group():
    whole = Entry(LabelledVideo("a.mp4", "run", "g", "test"), Path("a.mp4"), "hash", 9)
    part = Entry(LabelledVideo("a.mp4", "run", "g", window=Window(0.5, 2)), Path("a.mp4"), "part")
    broken = Entry(LabelledVideo("b.mp4", "run", "b.mp4"), Path("b.mp4"), "broken")
    timelines = {
        "hash": Outcome({"duration_seconds": 2.2, "cuts_seconds": [1.0, 2.0]}),
        "broken": Outcome(None, "is empty (0 bytes)", 0.5),
    }
    pieces = cut([whole, part, broken], timelines, 0.5)
    assert [entry.video.path for entry in pieces] == [
        "a.mp4#t=0,1",
        "a.mp4#t=1,2",
        "a.mp4#t=2",
        "a.mp4#t=0.5,2",
        "b.mp4",
    ]
    assert {entry.video.group for entry in pieces[:4]} == {"g"}
    assert {entry.video.split for entry in pieces[:3]} == {"test"}
    assert len({entry.content_hash for entry in pieces}) == 5
    assert pieces[2].skipped == "lasts 0.2 s, at least 0.5 expected"
    assert (pieces[4].failure, pieces[4].seconds) == ("is empty (0 bytes)", 0.5)


def test_a_piece_that_is_listed_too_is_refused():
    whole = Entry(LabelledVideo("a.mp4", "run", "g"), Path("a.mp4"), "hash")
    part = Entry(LabelledVideo("a.mp4", "walk", "g", window=Window(1)), Path("a.mp4"), "part")
    timelines = {"hash": Outcome({"duration_seconds": 2.0, "cuts_seconds": [1.0]})}
    with pytest.raises(SoraError, match=r"a.mp4#t=1 is listed as a part and is a piece of the whole"):
        cut([whole, part], timelines, 0.5)


def test_a_file_that_may_not_be_read_costs_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    files = [tmp_path / "open.mp4", tmp_path / "closed.mp4"]
    for file in files:
        file.write_bytes(b"film")
    monkeypatch.setattr("os.access", lambda path, mode: path != files[1])  # root may read everything
    entries = locate([LabelledVideo(f.name, "run", "g") for f in files], tmp_path, tmp_path)
    found = identify(entries, tmp_path / "hashes.json")
    assert [entry.failure for entry in found] == ["", "may not be read; permit it"]
