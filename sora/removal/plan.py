"""What the removal of videos will do; nothing is changed here."""

import hashlib
import re
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from sora import layout
from sora.apps.index.store import open_index
from sora.errors import SoraError
from sora.incoming.tracking import require_no_output
from sora.manifest import read_table
from sora.provenance.forgotten import FORGOTTEN
from sora.provenance.here import incoming_of, source_of
from sora.provenance.tracing import Known, VideoTrace, trace_file
from sora.provenance.videos import location_of, of_files
from sora.removal.labels import lines_of
from sora.serving.feedback import read_feedback
from sora.sources.hashes import content_hash
from sora.sources.table import LABELS
from sora.sources.videos import is_url
from sora.video.container import SUFFIXES

INDEX = Path("models/search.db")
CACHES = (layout.ANALYSES, layout.OBSERVATIONS, layout.SERVED_VIDEOS)
_HASH = re.compile(r"[0-9a-f]{6,64}")
_NUM_HASH_DIGITS = 64


@dataclass(frozen=True)
class Plan:
    """What is to go, and whom it touches.

    Attributes:
        source: the folder of the project's videos.
        incoming: folder for new videos.
        traces: of each video, which models saw it.
        files: of the source, or fetched.
        lines: of its labels.csv.
        indexed: names in the search index.
        feedback: files that people sent with a label.
        reviewed: files that the service keeps for people to look at.
        waiting: files that wait to be taken in, or were set aside.
        cached: copies of all of these, and of clips and features, in DVC's cache.
    """

    source: Path
    incoming: Path
    traces: tuple[VideoTrace, ...]
    files: tuple[Path, ...]
    lines: tuple[int, ...]
    indexed: tuple[str, ...]
    feedback: tuple[Path, ...]
    reviewed: tuple[Path, ...]
    waiting: tuple[Path, ...]
    cached: tuple[Path, ...]

    @property
    def is_empty(self) -> bool:
        """Whether nothing is there to be deleted."""
        copies = self.feedback, self.reviewed, self.waiting, self.cached
        return not any((self.files, self.lines, self.indexed, *copies))

    @property
    def file_hashes(self) -> tuple[str, ...]:
        """SHA-256 of each video's file."""
        return tuple(trace.content_hash for trace in self.traces)


def make_plan(videos: Sequence[str], known: Known, state: Path) -> Plan:
    """Return what removing videos will do.

    Args:
        videos: files, paths of the manifest, or content hashes or their beginnings.
        known: models that may have seen them.
        state: folder of the service's state.

    Raises:
        SoraError: a video is not known, or the source is not a folder of one's own: a stage of DVC would make
            the videos again, or they are in object storage.
    """
    project = known.project
    named, incoming = source_of(project), project / incoming_of(project)
    if is_url(named):
        raise SoraError(f"{named}: remove the videos from the storage itself, then dvc repro")
    source = project / named
    require_no_output(source, project)  # else its stage would make the videos again
    manifest = read_table(project / layout.MANIFEST)
    hashes = list(dict.fromkeys(_file_hash(video, manifest, project) for video in videos))
    rows = of_files(manifest, frozenset(hashes))
    files = _existing([*(project / file for file in rows["file"]), *_inside(source, videos)])
    given = _feedback_files(state / "feedback", hashes)
    return Plan(
        source=source,
        incoming=incoming,
        traces=tuple(trace_file(digest, known) for digest in hashes),
        files=files,
        lines=lines_of(source / LABELS, set(map(location_of, rows["path"]))),
        indexed=_indexed(project / INDEX, rows, hashes),
        feedback=given,
        reviewed=_existing(file for digest in hashes for file in (state / "review").glob(f"{digest}*")),
        waiting=_waiting(incoming, hashes),
        cached=_cached(project, [*files, *given, *_derived(project, rows)]),
    )


def _file_hash(asked: str, manifest: pd.DataFrame, project: Path) -> str:
    """Return the SHA-256 of the file that is meant."""
    if Path(asked).is_file():
        return content_hash(Path(asked))
    meant = (manifest["path"] == asked) | (manifest["path"].map(location_of) == asked)
    if _HASH.fullmatch(asked):
        meant |= manifest["content_hash"].str.startswith(asked)
    found = manifest[meant & (manifest["content_hash"] != "")]
    if len(found):
        return _hash_of_one(asked, found, project)
    if len(asked) == _NUM_HASH_DIGITS and _HASH.fullmatch(asked):
        return asked  # gone from here, but models may have seen it
    raise SoraError(f"{asked}: is no file, and no video here")


def _hash_of_one(asked: str, rows: pd.DataFrame, project: Path) -> str:
    """Return the SHA-256 of the one file, or of its copies, that rows of the manifest are of."""
    files = rows["file"].unique()
    if len(files) > 1 and rows["content_hash"].nunique() > 1:
        raise SoraError(f"{asked}: several videos are meant; give more of the hash")
    for file in files:
        if (project / file).is_file():
            return content_hash(project / file)
    whole = rows.loc[rows["path"].map(location_of) == rows["path"], "content_hash"]
    if whole.empty:
        raise SoraError(
            f"{asked}: {files[0]} has gone, and its parts do not tell its hash; restore it, or give its "
            f"SHA-256, which is in {FORGOTTEN} if it was being removed"
        )
    return str(whole.iloc[0])


def _inside(source: Path, videos: Iterable[str]) -> list[Path]:
    """Return the files that were named and lie in the source, though no run has listed them yet."""
    return [Path(video) for video in videos if Path(video).resolve().is_relative_to(source.resolve())]


def _existing(files: Iterable[Path]) -> tuple[Path, ...]:
    there = {file.parent.resolve() / file.name: file for file in files if file.is_file() or file.is_symlink()}
    return tuple(sorted(there.values()))


def _indexed(index: Path, rows: pd.DataFrame, hashes: Sequence[str]) -> tuple[str, ...]:
    if not index.is_file():
        return ()
    contents = {*rows["content_hash"], *hashes}
    entries = open_index(index).entries().values()
    return tuple(sorted(entry.video for entry in entries if entry.content_hash in contents))


def _feedback_files(folder: Path, hashes: Sequence[str]) -> tuple[Path, ...]:
    if not folder.is_dir():
        return ()
    given = [one.file for one in read_feedback(folder) if one.content_hash in hashes]
    return _existing(folder / file for file in given)


def _waiting(folder: Path, hashes: Sequence[str]) -> tuple[Path, ...]:
    return _existing(
        path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES and content_hash(path) in hashes
    )


def _derived(project: Path, rows: pd.DataFrame) -> list[Path]:
    """Return what the stages made of videos: their clips, features and thumbnails."""
    stores = (
        (layout.CLIP_INDEX, layout.CLIPS, ".mkv"),
        (layout.FEATURE_INDEX, layout.FEATURES, ".npy"),
    )
    found = [project / layout.THUMBNAILS / f"{digest}.jpg" for digest in rows["content_hash"]]
    for index, folder, suffix in stores:
        if (project / index).is_file():
            table = read_table(project / index)
            keys = table.loc[table["path"].isin(rows["path"]), "key"]
            found += [project / folder / f"{key}{suffix}" for key in keys]
    return found


def _cached(project: Path, files: Iterable[Path]) -> tuple[Path, ...]:
    """Return the copies that DVC's cache holds of files that are here."""
    command = [sys.executable, "-m", "dvc", "cache", "dir"]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    if done.returncode:
        return ()  # no project of DVC
    cache = project / done.stdout.strip() / "files" / "md5"
    digests = [_md5(file) for file in files if file.is_file()]
    return _existing(cache / digest[:2] / digest[2:] for digest in digests)


def _md5(path: Path) -> str:
    """Return the name that DVC gives to the content of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "md5").hexdigest()
