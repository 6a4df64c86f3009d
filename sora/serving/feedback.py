"""Corrected labels with their videos, durable before they are acknowledged, in folders for ingest."""

import errno
import os
import re
import secrets
import shutil
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import product
from pathlib import Path
from typing import Any

from sora.atomic import sync
from sora.errors import SoraError
from sora.journal import append_only, read_records
from sora.predictor import prediction_id
from sora.serving.locking import locked
from sora.video.container import SUFFIXES

JOURNAL = "feedback.jsonl"
SEPARATOR = ";"  # ingest takes a folder "jump;walk" for the labels jump and walk
MAX_LABEL_CHARACTERS = 100
MAX_NOTE_CHARACTERS = 2000
_LOCK = ".lock"  # no label begins with a dot
_INCOMING = ".incoming"  # a copy that is not whole yet; the next one takes its place
_BLOCK_BYTES = 1 << 20
_MAX_NAME_BYTES = 255  # of a folder, on all common file systems
_CONTENT_HASH = re.compile(r"[0-9a-f]{64}")
_DEFAULT_SUFFIX = ".mp4"  # ingest finds videos by their suffix; what they are is then told by their content


@dataclass(frozen=True)
class Feedback:
    """What a person says that a video shows.

    Attributes:
        feedback_id: hexadecimal.
        content_hash: SHA-256 of the video.
        labels: the right ones, sorted.
        predicted: what the model had said, or empty.
        model_version: which model that was.
        note: what else was said.
        received: ISO 8601.
        file: the video, relative to the folder of the feedback.
    """

    feedback_id: str
    content_hash: str
    labels: tuple[str, ...]
    predicted: str
    model_version: str
    note: str
    received: str
    file: str

    def as_json(self) -> dict[str, Any]:
        """Return what the service acknowledges."""
        return {
            "feedback_id": self.feedback_id,
            "content_hash": self.content_hash,
            "prediction_id": prediction_id(self.content_hash, self.model_version),
            "labels": list(self.labels),
            "received": self.received,
        }


def record_feedback(
    folder: Path,
    video: Path,
    content_hash: str,
    labels: Sequence[str],
    *,
    predicted: str,
    model_version: str,
    note: str,
    received: datetime,
) -> Feedback:
    """Keep a copy of a video under its right labels, and a line in the journal; both durably.

    The copy lies as ``<label>/<content hash><suffix>``; for several labels the folder is named by all of
    them, joined by ``;``. So the folder can be ingested as it is. An earlier correction of the same content
    gives way, but stays in the journal. A kill at any moment leaves what was acknowledged, at worst with the
    video in two places: ``repair`` puts that right.

    Args:
        folder: of all feedback.
        video: the file; it stays where it is.
        content_hash: its SHA-256, hexadecimal.
        labels: one or several; new ones are allowed.
        predicted: what the model had said.
        model_version: which model.
        note: free text, at most 2000 characters.
        received: with its time zone.

    Raises:
        SoraError: a label cannot be the name of a folder, or another argument is not as it should be.
    """
    checked = checked_labels(labels)
    if not _CONTENT_HASH.fullmatch(content_hash):
        raise SoraError(f"content_hash: expected 64 hexadecimal digits, got {content_hash!r}")
    if len(note) > MAX_NOTE_CHARACTERS:
        raise SoraError(f"note: expected at most {MAX_NOTE_CHARACTERS} characters, got {len(note)}")
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder / _LOCK):
        place = _place(folder / SEPARATOR.join(checked), content_hash, video)
        feedback = Feedback(
            feedback_id=secrets.token_hex(8),
            content_hash=content_hash,
            labels=checked,
            predicted=predicted,
            model_version=model_version,
            note=note,
            received=received.isoformat(timespec="seconds"),
            file=place.relative_to(folder).as_posix(),
        )
        append_only(folder / JOURNAL, asdict(feedback))
        _remove_others(_places(_label_folders(folder), content_hash), place)
    return feedback


def read_feedback(folder: Path) -> list[Feedback]:
    """Return what holds now: the latest correction of each content, in the order in which they came.

    Raises:
        SoraError: the journal is damaged.
    """
    latest: dict[str, Feedback] = {}
    try:
        for record in read_records(folder / JOURNAL):
            feedback = Feedback(**{**record, "labels": tuple(record["labels"])})
            latest.pop(feedback.content_hash, None)
            latest[feedback.content_hash] = feedback
    except (KeyError, TypeError) as error:
        raise SoraError(
            f"{folder / JOURNAL} has a record that is no feedback ({error}); restore it"
        ) from error
    return list(latest.values())


def repair(folder: Path) -> None:
    """Remove what a killed process left: a copy that is not whole, second places of videos, empty labels.

    Only videos that the journal knows are touched, and only where the right place has its file.

    Raises:
        SoraError: the journal is damaged.
    """
    if not folder.is_dir():
        return
    with locked(folder / _LOCK):
        (folder / _INCOMING).unlink(missing_ok=True)
        places: dict[str, list[Path]] = {}
        for place in (place for label_folder in _label_folders(folder) for place in label_folder.iterdir()):
            places.setdefault(place.stem, []).append(place)
        for feedback in read_feedback(folder):
            found = places.get(feedback.content_hash, [])
            if folder / feedback.file in found:
                _remove_others(found, folder / feedback.file)
        for label_folder in _label_folders(folder):
            _remove_if_empty(label_folder)


def checked_labels(labels: Sequence[str]) -> tuple[str, ...]:
    """Return labels as they are stored: normalised (NFC), without spaces around them, sorted, each once.

    Raises:
        SoraError: there is none, or one cannot be the name of a folder.
    """
    checked = tuple(sorted({_checked_label(label) for label in labels}))
    if not checked:
        raise SoraError("label: expected one at least, got none")
    if len(SEPARATOR.join(checked).encode()) > _MAX_NAME_BYTES:
        raise SoraError(f"label: expected at most {_MAX_NAME_BYTES} bytes in all; shorten them")
    return checked


def _checked_label(label: str) -> str:
    name = unicodedata.normalize("NFC", label).strip()
    if not name:
        raise SoraError(f"label: expected a word, got {label!r}")
    if len(name) > MAX_LABEL_CHARACTERS:
        raise SoraError(f"label: expected at most {MAX_LABEL_CHARACTERS} characters, got {len(name)}")
    if name.startswith(".") or name == JOURNAL:
        raise SoraError(f"label: {label!r} begins with a dot or is {JOURNAL}; choose another name")
    # Control characters (NUL among them), halves of characters, and what breaks lines.
    if any(c in f"/\\{SEPARATOR}" or unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") for c in name):
        raise SoraError(f"label: {label!r} has a slash, a semicolon or a control character; write it without")
    return name


def _suffix(video: Path) -> str:
    suffix = video.suffix.lower()
    return suffix if suffix in SUFFIXES else _DEFAULT_SUFFIX


def _place(label_folder: Path, content_hash: str, video: Path) -> Path:
    """Put a copy of the video into the folder, if its content is not there already; return its place."""
    for place in _places([label_folder], content_hash):
        return place
    copy = label_folder.parent / _INCOMING
    with video.open("rb") as source, copy.open("wb") as target:
        shutil.copyfileobj(source, target, _BLOCK_BYTES)
        target.flush()
        os.fsync(target.fileno())
    label_folder.mkdir(exist_ok=True)
    place = label_folder / f"{content_hash}{_suffix(video)}"
    copy.replace(place)
    sync(label_folder)
    sync(label_folder.parent)
    return place


def _label_folders(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.is_dir()]


def _places(label_folders: Iterable[Path], content_hash: str) -> Iterator[Path]:
    """Yield where a content lies, without listing folders that may hold very many videos."""
    for label_folder, suffix in product(label_folders, sorted(SUFFIXES)):
        place = label_folder / f"{content_hash}{suffix}"
        if place.is_file():
            yield place


def _remove_others(places: Iterable[Path], place: Path) -> None:
    for other in places:
        if other != place:
            other.unlink()
            _remove_if_empty(other.parent)


def _remove_if_empty(label_folder: Path) -> None:
    """Remove a label that has no video any more, for ingest would refuse it."""
    try:
        label_folder.rmdir()
    except OSError as error:
        if error.errno != errno.ENOTEMPTY:
            raise
