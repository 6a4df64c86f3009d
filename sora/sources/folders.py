"""Where the user's videos lie: a folder of this machine, or one in object storage, in the same words."""

import errno
import glob
from pathlib import Path
from typing import Protocol, TextIO, TypeAlias

import fsspec

from sora.errors import SoraError
from sora.sources.videos import is_url

_ENCODING = "utf-8-sig"

Place: TypeAlias = tuple[str, str]  # the location of a file, and which state of it is there


class Folder(Protocol):
    """A folder of videos. Names are relative to it, with ``/``."""

    def labels(self) -> list[str]:
        """Return the subfolders that are not hidden, sorted."""

    def names(self) -> list[str]:
        """Return all files, sorted, but those in hidden subfolders."""

    def has(self, name: str) -> bool:
        """Whether there is such a file."""

    def matches(self, pattern: str) -> list[str]:
        """Return the files that a pattern with ``*``, ``?`` and ``**`` means, sorted."""

    def place(self, name: str) -> Place:
        """Return what a video's ``location`` and ``version`` are."""

    def open(self, name: str) -> TextIO:
        """Open a table in UTF-8."""


def folder_at(source: str | Path) -> Folder:
    """Return the folder that a path or a URL of any of fsspec's protocols names.

    Raises:
        SoraError: it is not there.
    """
    folder = Bucket(str(source)) if is_url(str(source)) else LocalFolder(Path(source))
    if not folder.is_there():
        raise SoraError(f"ingest.source: there is no folder {source}; name the folder that holds your videos")
    return folder


class LocalFolder:
    """A folder of this machine; a video's location is its name."""

    def __init__(self, path: Path) -> None:
        """Look at nothing yet."""
        self._path = path

    def __str__(self) -> str:
        return str(self._path)

    def is_there(self) -> bool:
        """Whether it exists."""
        return self._path.is_dir()

    def labels(self) -> list[str]:
        """See ``Folder``."""
        return sorted(p.name for p in self._path.iterdir() if p.is_dir() and not p.name.startswith("."))

    def names(self) -> list[str]:
        """See ``Folder``."""
        found = [path for path in self._path.iterdir() if path.is_file()]
        found += [p for label in self.labels() for p in (self._path / label).rglob("*") if p.is_file()]
        return sorted(path.relative_to(self._path).as_posix() for path in found)

    def has(self, name: str) -> bool:
        """See ``Folder``."""
        return (self._path / name).is_file()

    def matches(self, pattern: str) -> list[str]:
        """See ``Folder``."""
        # Not Path.glob: patterns may be absolute, and hidden files do not match.
        names = sorted(set(glob.glob(pattern, root_dir=self._path, recursive=True)))  # noqa: PTH207
        return [name for name in names if self.has(name)]

    def place(self, name: str) -> Place:
        """See ``Folder``."""
        return Path(name).as_posix(), ""

    def open(self, name: str) -> TextIO:
        """See ``Folder``."""
        return (self._path / name).open(encoding=_ENCODING, newline="")


class Bucket:
    """A folder behind a URL, listed once; a video's location is its own URL, so that it will be fetched."""

    def __init__(self, url: str) -> None:
        """List it.

        Raises:
            SoraError: it is not to be had, or the package that speaks its protocol is not installed.
            ConnectionError: the network or the storage failed.
        """
        self._url = url.rstrip("/")
        try:
            self._files, self._root = fsspec.url_to_fs(self._url)
            self._files.invalidate_cache()
            found = self._files.find(self._root)
        except (ValueError, ImportError, FileNotFoundError, PermissionError) as error:
            raise SoraError(f"ingest.source: {url} cannot be listed: {error}") from error
        except OSError as error:
            raise ConnectionError(errno.ENETUNREACH, f"{url} cannot be listed: {error}") from error
        self._paths = {path.removeprefix(self._root).lstrip("/"): path for path in sorted(found)}

    def __str__(self) -> str:
        return self._url

    def is_there(self) -> bool:
        """Whether it holds anything: object storage knows no empty folders."""
        return bool(self._paths)

    def labels(self) -> list[str]:
        """See ``Folder``."""
        firsts = {name.split("/")[0] for name in self._paths if "/" in name}
        return sorted(first for first in firsts if not first.startswith("."))

    def names(self) -> list[str]:
        """See ``Folder``."""
        labels = {*self.labels()}
        return [name for name in self._paths if "/" not in name or name.split("/")[0] in labels]

    def has(self, name: str) -> bool:
        """See ``Folder``."""
        return name in self._paths

    def matches(self, pattern: str) -> list[str]:
        """See ``Folder``."""
        found = {*self._files.glob(f"{self._root}/{pattern}")}
        shows_hidden = "/." in f"/{pattern}"  # as on a disk
        return [
            name
            for name, path in self._paths.items()
            if path in found and (shows_hidden or "/." not in f"/{name}")
        ]

    def place(self, name: str) -> Place:
        """See ``Folder``; the version is the storage's own, such as a hash or the time of writing."""
        return f"{self._url}/{name}", str(self._files.ukey(self._paths[name]))

    def open(self, name: str) -> TextIO:
        """See ``Folder``."""
        return self._files.open(self._paths[name], "r", encoding=_ENCODING, newline="")
