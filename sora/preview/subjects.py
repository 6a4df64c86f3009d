"""Which videos a contact sheet shows: a file, a folder, or a label of the pipeline's videos."""

from pathlib import Path

import numpy as np

from sora import layout
from sora.clip import window_of
from sora.errors import SoraError
from sora.frames.sampling import spread_over
from sora.manifest import labels_in, read_table, videos_in
from sora.preview.content import Subject
from sora.video.container import SUFFIXES


def find_subjects(source: str, max_videos: int) -> list[Subject]:
    """Return at most ``max_videos`` of the videos that ``source`` names, evenly from first to last.

    Args:
        source: a video file, a folder with videos (in subfolders too), or a label of the manifest.
        max_videos: at least 1.

    Raises:
        SoraError: it names no video.
    """
    path = Path(source)
    if path.is_file():
        return [Subject(path)]
    subjects = _in_folder(path) if path.is_dir() else _of_label(source)
    return _some(subjects, max_videos)


def _in_folder(folder: Path) -> list[Subject]:
    files = [file for file in sorted(folder.rglob("*")) if file.suffix.lower() in SUFFIXES]
    if not files:
        raise SoraError(f"{folder} holds no videos ({', '.join(sorted(SUFFIXES))})")
    return [Subject(file) for file in files]


def _of_label(label: str) -> list[Subject]:
    if not layout.MANIFEST.is_file():
        raise SoraError(f"{label}: no such file or folder; labels are known once dvc repro has run ingest")
    rows = videos_in(read_table(layout.MANIFEST)).to_dict("records")
    known = sorted({name for row in rows for name in labels_in(row["label"])})
    if label not in known:
        raise SoraError(f"{label}: no such file, folder or label; the labels are {', '.join(known)}")
    rows = [row for row in rows if label in labels_in(row["label"])]
    return [Subject(Path(row["file"]), label, window_of(row)) for row in rows]


def _some(subjects: list[Subject], max_videos: int) -> list[Subject]:
    places = spread_over(np.arange(len(subjects)), min(max_videos, len(subjects)))
    return [subjects[place] for place in places]
