import hashlib
import socket
from collections.abc import Callable
from pathlib import Path

import fsspec
import numpy as np
import pytest
from file_server import Served, file_server

from sora.errors import VideoError
from sora.sources.fetching import Download, FetchRules, UnreachableError, fetch, fetch_all, target_name

DATA = np.random.default_rng(0).bytes(300_000)
SHA = hashlib.sha256(DATA).hexdigest()


@pytest.fixture
def get(tmp_path: Path) -> Callable[..., Path]:
    """Fetch a URL without pauses; give the path it went to."""

    def fetched(url: str, *, sha256: str = "", max_bytes: int = 1 << 20, breaks: int = 2) -> Path:
        target = tmp_path / "fetched" / target_name(url, sha256)
        fetch(Download(url, target, sha256), FetchRules(tmp_path / "partial", max_bytes, (0.0,) * breaks))
        return target

    return fetched


def partials(tmp_path: Path) -> list[str]:
    return sorted(path.name for path in (tmp_path / "partial").iterdir())


def test_a_file_arrives_whole_and_nothing_else_is_left(tmp_path: Path, get):
    with file_server(
        {"a.mp4": Served(DATA), "é b.mp4": Served(DATA)} | {"%C3%A9%20b.mp4": Served(b"x")}
    ) as url:
        target = get(f"{url}/a.mp4", sha256=SHA)
        assert get(f"{url}/é b.mp4").read_bytes() == b"x"
    assert target.read_bytes() == DATA
    assert target.suffix == ".mp4"
    assert partials(tmp_path) == []


def test_a_broken_connection_is_resumed_where_it_broke(get):
    served = Served(DATA, breaks_after=[100_000, 50_000])
    with file_server({"a.mp4": served}) as url:
        assert get(f"{url}/a.mp4").read_bytes() == DATA
    assert served.ranges == [None, "bytes=100000-", "bytes=150000-"]


def test_what_has_come_is_kept_for_the_next_run(tmp_path: Path, get):
    served = Served(DATA, breaks_after=[100_000])
    with file_server({"a.mp4": served}) as url:
        with pytest.raises(UnreachableError, match=r"broke after 100000 of 300000 bytes; run ingest again"):
            get(f"{url}/a.mp4", breaks=0)
        assert not (tmp_path / "fetched").exists()
        assert len(partials(tmp_path)) == 2
        assert get(f"{url}/a.mp4").read_bytes() == DATA
    assert served.ranges == [None, "bytes=100000-"]
    assert partials(tmp_path) == []


def test_a_file_that_changed_meanwhile_is_fetched_anew(get):
    served = Served(b"old" * 100_000, breaks_after=[100_000])
    with file_server({"a.mp4": served}) as url:
        with pytest.raises(UnreachableError):
            get(f"{url}/a.mp4", breaks=0)
        served.data, served.tag = DATA, '"two"'
        assert get(f"{url}/a.mp4").read_bytes() == DATA


def test_without_a_version_it_is_never_resumed(get):
    served = Served(DATA, tag="", breaks_after=[100_000])
    with file_server({"a.mp4": served}) as url:
        assert get(f"{url}/a.mp4").read_bytes() == DATA
    assert served.ranges == [None, None]


def test_a_run_that_ended_just_before_the_end_is_no_deadlock(tmp_path: Path, get):
    with file_server({"a.mp4": Served(DATA)}) as url:
        name = target_name(f"{url}/a.mp4")
        (tmp_path / "partial").mkdir()
        (tmp_path / "partial" / name).write_bytes(DATA)
        (tmp_path / "partial" / f"{name}.version").write_text('"one"')
        assert get(f"{url}/a.mp4").read_bytes() == DATA


@pytest.mark.parametrize("declared", [None, 10_000_000, -1])
def test_a_file_that_is_too_big_is_refused_whatever_it_says(tmp_path: Path, get, declared: int | None):
    with (
        file_server({"a.mp4": Served(DATA, declared=declared)}) as url,
        pytest.raises(VideoError, match=r"is bigger than ingest.max_fetch_mib = 0.125 MiB"),
    ):
        get(f"{url}/a.mp4", max_bytes=1 << 17)
    assert partials(tmp_path) == []


def test_a_length_that_says_too_little_gives_no_more_than_that(get):
    with (
        file_server({"a.mp4": Served(DATA, declared=1000)}) as url,
        pytest.raises(VideoError, match=rf"its SHA-256 is .*, expected {SHA}"),
    ):
        get(f"{url}/a.mp4", sha256=SHA)


def test_a_wrong_checksum_leaves_nothing(tmp_path: Path, get):
    with file_server({"a.mp4": Served(b"other")}) as url, pytest.raises(VideoError, match="its SHA-256 is "):
        get(f"{url}/a.mp4", sha256=SHA)
    assert partials(tmp_path) == []
    assert not (tmp_path / "fetched").exists()


def test_errors_for_good_are_not_tried_again_and_passing_ones_are(get):
    gone, busy = Served(status=404), Served(status=503)
    with file_server({"gone": gone, "busy": busy}) as url:
        with pytest.raises(VideoError, match=r"the server answers 404 \(Not Found\)") as caught:
            get(f"{url}/gone")
        assert not isinstance(caught.value, UnreachableError)
        with pytest.raises(UnreachableError, match=r"the server answers 503 .*; run ingest again"):
            get(f"{url}/busy")
    assert (len(gone.ranges), len(busy.ranges)) == (1, 3)


def test_a_server_that_is_not_there(get):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        with pytest.raises(UnreachableError, match="the server cannot be reached"):
            get(f"http://127.0.0.1:{unused.getsockname()[1]}/a.mp4")


def test_redirections_lead_to_http_only(tmp_path: Path, get):
    secret = tmp_path / "secret.mp4"
    secret.write_bytes(b"secret")
    files = {"to": Served(DATA), "file": Served(status=302, location=secret.as_uri())}
    files["ftp"] = Served(status=302, location="ftp://127.0.0.1:9/a.mp4")
    files["ok"] = Served(status=302, location="/to")
    with file_server(files) as url:
        assert get(f"{url}/ok").read_bytes() == DATA
        with pytest.raises(VideoError, match="answers 302"):
            get(f"{url}/file")
        with pytest.raises(VideoError, match=r"cannot be reached .*unknown url type: ftp"):
            get(f"{url}/ftp")
    assert [len(files[name].ranges) for name in ("file", "ftp")] == [1, 1]


def test_a_url_that_makes_no_sense(get):
    with pytest.raises(VideoError, match="not a URL that makes sense") as caught:
        get("http://host:port/a.mp4")
    assert not isinstance(caught.value, UnreachableError)


def test_other_schemes_are_fsspecs(tmp_path: Path, get):
    with fsspec.open("memory://videos/a.mkv", "wb") as file:
        file.write(DATA)
    (tmp_path / "b.mp4").write_bytes(DATA)
    assert get("memory://videos/a.mkv", sha256=SHA).suffix == ".mkv"
    assert get((tmp_path / "b.mp4").as_uri()).read_bytes() == DATA
    with pytest.raises(VideoError, match="is bigger than"):
        get("memory://videos/a.mkv", max_bytes=1000)
    with pytest.raises(VideoError, match="cannot be fetched"):
        get("memory://videos/none.mkv")


def test_many_files_one_failure_costs_that_file(tmp_path: Path):
    files = {f"{i}.mp4": Served(DATA[:i]) for i in range(20)} | {"7.mp4": Served(status=404)}
    rules = FetchRules(tmp_path / "partial", 1 << 20, ())
    with file_server(files) as url:
        downloads = [Download(f"{url}/{i}.mp4", tmp_path / f"{i}.mp4") for i in range(20)]
        failures = fetch_all(downloads, rules)
        assert fetch_all(downloads, rules).keys() == failures.keys()
    assert list(failures) == [tmp_path / "7.mp4"]
    assert failures[tmp_path / "7.mp4"].is_network is False
    assert {i: (tmp_path / f"{i}.mp4").stat().st_size for i in range(20) if i != 7} == {
        i: i for i in range(20) if i != 7
    }
    assert [len(served.ranges) for served in files.values()] == [1] * 7 + [2] + [1] * 12
