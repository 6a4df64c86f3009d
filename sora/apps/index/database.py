"""The SQLite file behind an index: its tables, and connections that say in words what is wrong."""

import contextlib
import sqlite3
import uuid
from collections.abc import Iterator
from pathlib import Path

from sora.errors import SoraError

_APPLICATION_ID = 0x536F7261  # "Sora", in the file's header
_FORMAT = 1
_LOCK_SECONDS = 60
# No id is ever given again, so that neighbours which were stored aside know by ids alone what has changed.
_SCHEMA = f"""
CREATE TABLE facts (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
);
CREATE TABLE videos (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    video TEXT NOT NULL UNIQUE,
    content_hash TEXT NOT NULL UNIQUE,
    file TEXT NOT NULL,
    labels TEXT NOT NULL,
    tags TEXT NOT NULL,
    origin TEXT NOT NULL,
    vector BLOB NOT NULL
);
CREATE TABLE words (
    word TEXT NOT NULL,
    kind TEXT NOT NULL,
    id INTEGER NOT NULL REFERENCES videos ON DELETE CASCADE,
    PRIMARY KEY (word, kind, id)
) WITHOUT ROWID;
CREATE INDEX words_by_video ON words (id);
PRAGMA application_id = {_APPLICATION_ID};
PRAGMA user_version = {_FORMAT};
"""


@contextlib.contextmanager
def connected(path: Path, mode: str = "rw") -> Iterator[sqlite3.Connection]:
    """Yield a connection in autocommit; what SQLite complains of becomes a SoraError."""
    try:
        # Even a reader may have to undo what a killed writer left, so none opens read-only.
        uri = f"{path.absolute().as_uri()}?mode={mode}"
        connection = sqlite3.connect(uri, uri=True, timeout=_LOCK_SECONDS, isolation_level=None)
        with contextlib.closing(connection):
            connection.execute("PRAGMA foreign_keys = ON")
            yield connection
    except sqlite3.OperationalError as error:
        raise SoraError(f"{path}: SQLite cannot use it now ({error})") from error
    except sqlite3.DatabaseError as error:
        raise SoraError(f"{path}: is no index, or damaged ({error}); delete it and build it again") from error


@contextlib.contextmanager
def transaction(path: Path, mode: str = "rw") -> Iterator[sqlite3.Connection]:
    """Yield a connection that alone writes; all that is done on it takes effect at once, or nothing."""
    with connected(path, mode) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield connection  # closing it undoes what was not committed
        connection.execute("COMMIT")


def require_format(connection: sqlite3.Connection, path: Path) -> None:
    """Raise a SoraError where the file is not an index of this version's format."""
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (found,) = connection.execute("PRAGMA user_version").fetchone()
    if (application, found) != (_APPLICATION_ID, _FORMAT):
        raise SoraError(
            f"{path}: an index of format {_FORMAT} expected; this is another database or of another version "
            "of Sora; name another file, or delete it and build it again"
        )


def make_tables(connection: sqlite3.Connection, model_version: str) -> None:
    """Make the tables of an empty index, unless the file has tables."""
    if connection.execute("SELECT COUNT(*) FROM sqlite_schema").fetchone()[0]:
        return
    for statement in _SCHEMA.split(";"):
        connection.execute(statement)
    facts = {"identity": uuid.uuid4().hex, "model_version": model_version, "revision": "0"}
    connection.executemany("INSERT INTO facts VALUES (?, ?)", facts.items())
