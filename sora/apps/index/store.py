"""An index of videos in one SQLite file, which a kill at any moment leaves as it was before or after."""

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from sora.apps.index.database import connected, make_tables, require_format, transaction
from sora.apps.index.entries import Entry, Kind
from sora.apps.index.vectors import unit_rows
from sora.errors import SoraError

_HIGHEST_CHARACTER = "\U0010ffff"
_COLUMNS = "video, content_hash, file, labels, tags, origin"
_AMONG = "IN (SELECT value FROM json_each(?))"


@dataclass(frozen=True)
class Changes:
    """How many videos were put in or changed, and how many were there just so."""

    num_put: int = 0
    num_unchanged: int = 0


@dataclass(frozen=True)
class VideoIndex:
    """An index file; any number of threads and processes may use it.

    Attributes:
        path: the file.
        identity: of this file among all that ever had its name.
        model_version: of the bundle that all vectors come from.
    """

    path: Path
    identity: str
    model_version: str

    def revision(self) -> str:
        """Return a text that every change makes another."""
        with connected(self.path) as connection:
            return f"{_fact(connection, 'identity')}-{_fact(connection, 'revision')}"

    def put(self, entries: Sequence[Entry], vectors: np.ndarray) -> Changes:
        """Put videos in, all or none; one of the same content or the same name is replaced.

        A video that is there just so stays untouched.

        Args:
            entries: N videos.
            vectors: float32 (N, V), of whatever length above 0.

        Raises:
            SoraError: V is not that of the vectors in the index, or a row has no direction.
        """
        with transaction(self.path) as connection:
            return _put_all(connection, entries, vectors)

    def replace_all(self, model_version: str, entries: Sequence[Entry], vectors: np.ndarray) -> "VideoIndex":
        """Put videos of another model in the place of all; arguments and errors as for ``put``."""
        with transaction(self.path) as connection:
            connection.execute("DELETE FROM videos")
            connection.execute("UPDATE facts SET value = ? WHERE name = 'model_version'", [model_version])
            _count_change(connection, 1)
            _put_all(connection, entries, vectors)
        return replace(self, model_version=model_version)

    def remove(self, videos: Sequence[str]) -> list[str]:
        """Take out the videos of these names; return the names that were there."""
        with transaction(self.path) as connection:
            rows = connection.execute(
                f"DELETE FROM videos WHERE video {_AMONG} RETURNING video", [json.dumps(list(videos))]
            ).fetchall()
            _count_change(connection, len(rows))
        return [video for (video,) in rows]

    def set_tags(self, tags: Mapping[str, Sequence[str]]) -> list[str]:
        """Give videos, by name, these tags in place of theirs; return the names that are in the index."""
        entries = {entry.video: entry for entry in self.entries().values() if entry.video in tags}
        with transaction(self.path) as connection:
            for entry in entries.values():
                _set_tags(connection, replace(entry, tags=tuple(tags[entry.video])))
            _count_change(connection, len(entries))
        return list(entries)

    def ids(self) -> np.ndarray:
        """Return the id of each video, int64 (N,), ascending."""
        with connected(self.path) as connection:
            rows = connection.execute("SELECT id FROM videos ORDER BY id").fetchall()
        return np.array([number for (number,) in rows], np.int64)

    def vectors(self, ids: Iterable[int] | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Return ids int64 (N,), ascending, and vectors float32 (N, V) of length 1; of all, or of ``ids``."""
        with connected(self.path) as connection:
            rows = _rows_of(connection, "id, vector", ids)
        return np.array([row[0] for row in rows], np.int64), _stacked([row[1] for row in rows])

    def entries(self, ids: Iterable[int] | None = None) -> dict[int, Entry]:
        """Return the videos by id; all, or those of ``ids`` that are there."""
        with connected(self.path) as connection:
            rows = _rows_of(connection, f"id, {_COLUMNS}", ids)
        return {row[0]: _entry(row[1:]) for row in rows}

    def by_content(self, content_hashes: Sequence[str]) -> dict[str, tuple[int, np.ndarray]]:
        """Return id and vector of those contents that are there."""
        with connected(self.path) as connection:
            rows = connection.execute(
                f"SELECT content_hash, id, vector FROM videos WHERE content_hash {_AMONG}",
                [json.dumps(list(content_hashes))],
            ).fetchall()
        return {digest: (number, np.frombuffer(vector, "<f4")) for digest, number, vector in rows}

    def with_word(self, word: str, kind: Kind) -> dict[int, bool]:
        """Return the ids with a word of this kind that begins with ``word``, and whether one equals it."""
        with connected(self.path) as connection:
            rows = connection.execute(
                "SELECT id, MAX(word = ?) FROM words WHERE word BETWEEN ? AND ? AND kind = ? GROUP BY id",
                [word, word, word + _HIGHEST_CHARACTER, kind],
            ).fetchall()
        return {number: bool(is_whole) for number, is_whole in rows}


def open_index(path: Path, model_version: str | None = None) -> VideoIndex:
    """Open an index.

    Args:
        path: its file.
        model_version: of the bundle whose vectors it must hold; None: whichever.

    Raises:
        SoraError: there is none, the file is something else, or its vectors are of another model.
    """
    path = Path(path)
    if not path.is_file():
        raise SoraError(f"{path}: there is no index here; run sora index build, or sora index add VIDEO...")
    with connected(path) as connection:
        require_format(connection, path)
        index = VideoIndex(path, _fact(connection, "identity"), _fact(connection, "model_version"))
    if model_version not in (None, index.model_version):
        raise SoraError(
            f"{path}: its vectors are of model {index.model_version}, the bundle is {model_version}; "
            f"run sora index build, which makes them anew"
        )
    return index


def create_index(path: Path, model_version: str, *, any_model: bool = False) -> VideoIndex:
    """Open the index at ``path``; make an empty one of ``model_version`` where there is none.

    Raises:
        SoraError: the file is something else, or, unless ``any_model``, of another model.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with transaction(path, mode="rwc") as connection:
        make_tables(connection, model_version)
    return open_index(path, None if any_model else model_version)


def _put_all(connection: sqlite3.Connection, entries: Sequence[Entry], vectors: np.ndarray) -> Changes:
    if not entries:
        return Changes()
    vectors = unit_rows(vectors)
    _require_size(connection, vectors)
    num_put = sum(_put(connection, entry, vector) for entry, vector in zip(entries, vectors, strict=True))
    _count_change(connection, num_put)
    return Changes(num_put, len(entries) - num_put)


def _require_size(connection: sqlite3.Connection, vectors: np.ndarray) -> None:
    row = connection.execute("SELECT LENGTH(vector) FROM videos LIMIT 1").fetchone()
    if row and row[0] != vectors.shape[1] * vectors.itemsize:
        raise SoraError(
            f"vectors: {row[0] // vectors.itemsize} numbers a video expected, as in the index, "
            f"got {vectors.shape[1]}"
        )


def _put(connection: sqlite3.Connection, entry: Entry, vector: np.ndarray) -> bool:
    """Write one video; return whether that changed anything."""
    row = (*_row(entry), vector.astype("<f4").tobytes())
    select = f"SELECT {_COLUMNS}, vector FROM videos WHERE content_hash = ?"
    if connection.execute(select, [entry.content_hash]).fetchone() == row:
        return False
    connection.execute(
        "DELETE FROM videos WHERE content_hash = ? OR video = ?", [entry.content_hash, entry.video]
    )
    insert = f"INSERT INTO videos ({_COLUMNS}, vector) VALUES (?, ?, ?, ?, ?, ?, ?)"
    _put_words(connection, entry, connection.execute(insert, row).lastrowid)
    return True


def _set_tags(connection: sqlite3.Connection, entry: Entry) -> None:
    update = "UPDATE videos SET tags = ? WHERE video = ? RETURNING id"
    row = connection.execute(update, [_listed(entry.tags), entry.video]).fetchone()
    if row:  # another writer may have removed it
        connection.execute("DELETE FROM words WHERE id = ?", row)
        _put_words(connection, entry, row[0])


def _put_words(connection: sqlite3.Connection, entry: Entry, number: int | None) -> None:
    words = [(word, kind, number) for kind, word in entry.words()]
    connection.executemany("INSERT INTO words VALUES (?, ?, ?)", words)


def _count_change(connection: sqlite3.Connection, num_changed: int) -> None:
    if num_changed:
        connection.execute("UPDATE facts SET value = value + 1 WHERE name = 'revision'")


def _fact(connection: sqlite3.Connection, name: str) -> str:
    return str(connection.execute("SELECT value FROM facts WHERE name = ?", [name]).fetchone()[0])


def _rows_of(connection: sqlite3.Connection, columns: str, ids: Iterable[int] | None) -> list[tuple]:
    if ids is None:
        return connection.execute(f"SELECT {columns} FROM videos ORDER BY id").fetchall()
    wanted = json.dumps([int(number) for number in ids])
    return connection.execute(
        f"SELECT {columns} FROM videos WHERE id {_AMONG} ORDER BY id", [wanted]
    ).fetchall()


def _row(entry: Entry) -> tuple[str, ...]:
    labels, tags = _listed(entry.labels), _listed(entry.tags)
    return (entry.video, entry.content_hash, entry.file, labels, tags, entry.origin)


def _listed(texts: Sequence[str]) -> str:
    return json.dumps(list(texts), ensure_ascii=False)


def _entry(row: tuple) -> Entry:
    video, content_hash, file, labels, tags, origin = row
    return Entry(video, content_hash, file, tuple(json.loads(labels)), tuple(json.loads(tags)), origin)


def _stacked(blobs: list[bytes]) -> np.ndarray:
    if not blobs:
        return np.zeros((0, 0), np.float32)
    return np.frombuffer(b"".join(blobs), "<f4").reshape(len(blobs), -1).astype(np.float32, copy=False)
