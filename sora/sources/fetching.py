"""Fetching videos by URL: resumed after a break, limited in size, checked, and put in place whole."""

import hashlib
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from sora.atomic import write_text
from sora.errors import VideoError
from sora.sources.hashes import content_hash
from sora.sources.remote import NetworkError, Remote, open_remote
from sora.video.container import SUFFIXES
from sora.work import progress

_CHUNK_BYTES = 1 << 20
_NUM_CONNECTIONS = 8


@dataclass(frozen=True)
class Download:
    """One file to fetch: where from, where to, and its SHA-256 if that is known."""

    url: str
    target: Path
    sha256: str = ""


@dataclass(frozen=True)
class FetchRules:
    """How files are fetched.

    Attributes:
        partial_folder: keeps what has come of files that are not whole yet; on the targets' file system.
        max_bytes: a bigger file is refused.
        pauses_seconds: after each break but the last, before it is tried again.
    """

    partial_folder: Path
    max_bytes: int
    pauses_seconds: tuple[float, ...] = (1.0, 5.0)


class UnreachableError(VideoError):
    """The network or the server failed to the last; what has come is kept for the next run."""


@dataclass(frozen=True)
class FetchFailure:
    """Why a file did not come, whether that is the network's fault, and how long it was tried."""

    reason: str
    is_network: bool
    seconds: float


def target_name(url: str, sha256: str = "", version: str = "") -> str:
    """Return the name that the file of a URL is kept under: the same for the same checksum and version."""
    suffix = PurePosixPath(urlsplit(url).path).suffix.lower()
    meant = "\n".join([url, sha256, version] if version else [url, sha256])
    digest = hashlib.sha256(meant.encode()).hexdigest()[:32]
    return digest + (suffix if suffix in SUFFIXES else "")


def fetch_all(downloads: Iterable[Download], rules: FetchRules) -> dict[Path, FetchFailure]:
    """Fetch what is not there yet, several at a time; return what failed, by target."""
    wanted = {download.target: download for download in downloads}
    todo = {target: download for target, download in wanted.items() if not target.exists()}
    if not wanted:
        return {}
    threads = ThreadPoolExecutor(_NUM_CONNECTIONS)
    with progress("fetch", len(todo), len(wanted) - len(todo)) as advance, threads as pool:
        failures = {target: pool.submit(_try, download, rules) for target, download in todo.items()}
        for future in as_completed(failures.values()):
            future.result()
            advance()
    return {target: failed for target, future in failures.items() if (failed := future.result())}


def fetch(download: Download, rules: FetchRules) -> None:
    """Fetch one file; what is at its target afterwards is whole and has the right checksum.

    Raises:
        UnreachableError: the network or the server failed each time.
        VideoError: the file is not there, too big, or not the one that the checksum means.
    """
    partial = rules.partial_folder / download.target.name
    partial.parent.mkdir(parents=True, exist_ok=True)
    for pause in (*rules.pauses_seconds, None):
        try:
            _continue(download.url, partial, rules.max_bytes)
            break
        except NetworkError as error:
            if pause is None:
                raise UnreachableError(f"{error}; run ingest again to go on") from error
            time.sleep(pause)
        except VideoError:
            _discard(partial)
            raise
    _check(partial, download.sha256)
    download.target.parent.mkdir(parents=True, exist_ok=True)
    partial.replace(download.target)
    _discard(partial)


def _try(download: Download, rules: FetchRules) -> FetchFailure | None:
    start = time.monotonic()
    try:
        fetch(download, rules)
    except VideoError as error:
        return FetchFailure(str(error), isinstance(error, UnreachableError), time.monotonic() - start)
    return None


def _continue(url: str, partial: Path, max_bytes: int) -> None:
    """Append to ``partial`` what is missing, or begin anew if it cannot be told that it belongs together."""
    version_file = _version_file(partial)
    version = version_file.read_text(encoding="utf-8") if version_file.exists() else ""
    offset = partial.stat().st_size if version and partial.exists() else 0
    with open_remote(url, offset, version) as remote:
        if remote.size is not None and remote.size > max_bytes:
            raise _too_big(remote.size, max_bytes)
        if not remote.offset:
            partial.unlink(missing_ok=True)  # before the version, which must never vouch for other bytes
        write_text(version_file, remote.version)
        num_bytes = _append(remote, partial, max_bytes)
    if remote.size is not None and num_bytes < remote.size:
        raise NetworkError(f"the connection broke after {num_bytes} of {remote.size} bytes")


def _append(remote: Remote, partial: Path, max_bytes: int) -> int:
    num_bytes = remote.offset
    with partial.open("ab") as file:
        while chunk := remote.read(_CHUNK_BYTES):
            num_bytes += len(chunk)
            if num_bytes > max_bytes:  # whatever the server said
                raise _too_big(num_bytes, max_bytes)
            file.write(chunk)
    return num_bytes


def _check(partial: Path, sha256: str) -> None:
    if sha256 and (found := content_hash(partial)) != sha256:
        _discard(partial)
        raise VideoError(f"its SHA-256 is {found}, expected {sha256}")


def _discard(partial: Path) -> None:
    partial.unlink(missing_ok=True)
    _version_file(partial).unlink(missing_ok=True)


def _version_file(partial: Path) -> Path:
    return partial.with_name(f"{partial.name}.version")


def _too_big(num_bytes: int, max_bytes: int) -> VideoError:
    return VideoError(
        f"is bigger than ingest.max_fetch_mib = {max_bytes / 2**20:g} MiB "
        f"(at least {num_bytes / 2**20:.1f} MiB)"
    )
