"""The user's folder of videos: class folders, or a labels.csv with paths, patterns and URLs."""

import glob
import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import fsspec

from sora.errors import SoraError
from sora.manifest import LABEL_SEPARATOR, labels_in
from sora.sources.table import DEFAULT_GROUP_COLUMN, LABELS, LabelRow, read_labels
from sora.sources.videos import LabelledVideo, Listing, SkippedFile, is_url
from sora.video.container import SUFFIXES

NOT_A_VIDEO = "is not a video by its name"
_OUTSIDE_LABELS = "lies in no label's folder"


def list_videos(
    source: Path,
    split_column: str = "",
    group_column: str = DEFAULT_GROUP_COLUMN,
    group_pattern: str = "",
) -> Listing:
    """Return what a folder holds.

    With a labels.csv its rows count (``sora.sources.table``); without one, each subfolder is a label. The
    group of a video is the value of the group column, else what the pattern's group named ``group`` finds
    in its path, else the video's file on its own.

    Args:
        source: the folder.
        split_column: column of labels.csv that says train, val or test; empty: none does.
        group_column: column of labels.csv with the source group; the default one may be absent.
        group_pattern: regular expression with a group named ``group``; empty: none.

    Raises:
        SoraError: the folder is missing, empty or inconsistent, or there are fewer than two labels.
    """
    if not source.is_dir():
        raise SoraError(f"ingest.source: there is no folder {source}; name the folder that holds your videos")
    table = source / LABELS
    for name, column in (("split_column", split_column), ("group_column", group_column)):
        if column not in ("", DEFAULT_GROUP_COLUMN) and not table.is_file():
            raise SoraError(f"ingest.{name} is {column!r} but {source} has no {LABELS}")
    if table.is_file():
        videos, skipped = _from_table(table, split_column, group_column)
    else:
        videos, skipped = _from_folders(source)
    _require_two_labels(source, videos)
    grouped = [_with_group(video, group_pattern) for video in videos]
    ordered = sorted(grouped, key=lambda video: (video.location, video.window.start_seconds, video.path))
    _refuse_overlaps_of_groups(ordered)
    return Listing(ordered, sorted(skipped, key=lambda file: file.path))


def _from_folders(source: Path) -> tuple[list[LabelledVideo], list[SkippedFile]]:
    videos: list[LabelledVideo] = []
    skipped = [
        SkippedFile(path.name, "", _OUTSIDE_LABELS)
        for path in source.iterdir()
        if path.is_file() and _is_video(path.name) and not path.name.startswith(".")
    ]
    for folder in sorted(p for p in source.iterdir() if p.is_dir() and not p.name.startswith(".")):
        names = [p.relative_to(source).as_posix() for p in sorted(folder.rglob("*")) if _is_seen(p, source)]
        label = LABEL_SEPARATOR.join(labels_in(folder.name)) or folder.name
        found = [LabelledVideo(name, label, "") for name in names if _is_video(name)]
        if not found:
            raise SoraError(f"{folder} is a label without videos; add some or remove the folder")
        videos += found
        skipped += [SkippedFile(name, label, NOT_A_VIDEO) for name in names if not _is_video(name)]
    return videos, skipped


def _is_seen(path: Path, source: Path) -> bool:
    hidden = any(part.startswith(".") for part in path.relative_to(source).parts)
    return path.is_file() and (not hidden or _is_video(path.name))


def _is_video(name: str) -> bool:
    return Path(name).suffix.lower() in SUFFIXES


def _from_table(
    table: Path, split_column: str, group_column: str
) -> tuple[list[LabelledVideo], list[SkippedFile]]:
    videos: dict[str, LabelledVideo] = {}
    skipped: dict[str, SkippedFile] = {}
    lines: dict[str, int] = {}
    for row in read_labels(table, split_column, group_column):
        where = f"{table}, line {row.line}"
        matches = _locations(where, table.parent, row)
        for location in matches:
            if len(matches) > 1 and not _is_video(location):
                skipped[location] = SkippedFile(location, row.label, NOT_A_VIDEO)
                continue
            video = LabelledVideo(
                location, row.label, row.group, row.split, row.window, row.sha256, row.attributes
            )
            if video.path in videos:
                raise SoraError(
                    f"{where}: {video.path} is listed more than once, first in line {lines[video.path]}; "
                    "keep one row (several labels are written as one;other)"
                )
            videos[video.path], lines[video.path] = video, row.line
    return list(videos.values()), [file for path, file in skipped.items() if path not in videos]


def _locations(where: str, folder: Path, row: LabelRow) -> list[str]:
    """Return the file or files of a row: its URL, its path, or what its pattern matches."""
    if is_url(row.path):
        _require_protocol(where, row.path)
        return [row.path]
    if (folder / row.path).is_file():
        return [Path(row.path).as_posix()]
    if not glob.has_magic(row.path):
        raise SoraError(f"{where}: there is no file {row.path!r} in {folder}")
    # Not Path.glob: patterns may be absolute, and hidden files do not match.
    names = sorted(set(glob.glob(row.path, root_dir=folder, recursive=True)))  # noqa: PTH207
    files = [Path(name).as_posix() for name in names if (folder / name).is_file()]
    if not any(map(_is_video, files)):
        raise SoraError(f"{where}: no video matches the pattern {row.path!r} in {folder}")
    return files


def _require_protocol(where: str, url: str) -> None:
    try:
        urlsplit(url)
        fsspec.get_filesystem_class(fsspec.utils.get_protocol(url))
    except (ValueError, ImportError) as error:
        raise SoraError(f"{where}: {url} cannot be fetched: {error}") from error


def _with_group(video: LabelledVideo, pattern: str) -> LabelledVideo:
    group = video.group
    if not group and pattern:
        found = re.search(pattern, video.location)
        if not found or not found["group"]:
            raise SoraError(
                f"ingest.group_pattern: {pattern!r} finds no group in {video.location}; mend the pattern, or "
                f"name the group in {LABELS}"
            )
        group = found["group"]
    return replace(video, group=group or video.location)


def _refuse_overlaps_of_groups(ordered: Iterable[LabelledVideo]) -> None:
    """Parts may overlap (as actions do), but then only within a group: the same frames must not leak."""
    latest: dict[str, LabelledVideo] = {}
    for video in ordered:
        other = latest.get(video.location)
        if other and other.window.end_seconds > video.window.start_seconds and other.group != video.group:
            raise SoraError(
                f"{other.path} and {video.path} overlap, but are of the groups {other.group!r} and "
                f"{video.group!r}; give them one group, or times that do not overlap"
            )
        if not other or video.window.end_seconds > other.window.end_seconds:
            latest[video.location] = video


def _require_two_labels(source: Path, videos: list[LabelledVideo]) -> None:
    if not videos:
        raise SoraError(
            f"{source} holds no videos ({', '.join(sorted(SUFFIXES))} in a folder for each label)"
        )
    labels = sorted({label for video in videos for label in labels_in(video.label)})
    if len(labels) < 2:
        raise SoraError(f"{source} has the label {labels[0]!r} only; at least two labels are needed")
