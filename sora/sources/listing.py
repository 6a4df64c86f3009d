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
from sora.sources.folders import Folder, Place, folder_at
from sora.sources.table import DEFAULT_GROUP_COLUMN, LABELS, LabelRow, read_labels
from sora.sources.videos import LabelledVideo, Listing, SkippedFile, is_url
from sora.video.container import SUFFIXES

NOT_A_VIDEO = "is not a video by its name"
_OUTSIDE_LABELS = "lies in no label's folder"


def list_videos(
    source: Path | str,
    split_column: str = "",
    group_column: str = DEFAULT_GROUP_COLUMN,
    group_pattern: str = "",
) -> Listing:
    """Return what a folder holds.

    With a labels.csv its rows count (``sora.sources.table``); without one, each subfolder is a label. The
    group of a video is the value of the group column, else what the pattern's group named ``group`` finds
    in its path, else the video's file on its own.

    Args:
        source: the folder, or the URL of one (``s3://bucket/folder``) by any of fsspec's protocols.
        split_column: column of labels.csv that says train, val or test; empty: none does.
        group_column: column of labels.csv with the source group; the default one may be absent.
        group_pattern: regular expression with a group named ``group``; empty: none.

    Raises:
        SoraError: the folder is missing, empty or inconsistent, or there are fewer than two labels.
    """
    folder = folder_at(source)
    for name, column in (("split_column", split_column), ("group_column", group_column)):
        if column not in ("", DEFAULT_GROUP_COLUMN) and not folder.has(LABELS):
            raise SoraError(f"ingest.{name} is {column!r} but {folder} has no {LABELS}")
    if folder.has(LABELS):
        videos, skipped = _from_table(folder, split_column, group_column)
    else:
        videos, skipped = _from_labels(folder)
    _require_two_labels(folder, videos)
    grouped = [_with_group(video, group_pattern) for video in videos]
    ordered = sorted(grouped, key=lambda video: (video.location, video.window.start_seconds, video.path))
    _refuse_overlaps_of_groups(ordered)
    return Listing(ordered, sorted(skipped, key=lambda file: file.path))


def _from_labels(folder: Folder) -> tuple[list[LabelledVideo], list[SkippedFile]]:
    """Return the videos of a folder whose subfolders are the labels."""
    videos: list[LabelledVideo] = []
    skipped: list[SkippedFile] = []
    inside: dict[str, list[str]] = {subfolder: [] for subfolder in folder.labels()}
    for name in folder.names():
        if "/" in name:
            inside[name.split("/")[0]].append(name)
        elif _is_video(name) and not name.startswith("."):
            skipped.append(SkippedFile(folder.place(name)[0], "", _OUTSIDE_LABELS))
    for subfolder, names in inside.items():
        label = LABEL_SEPARATOR.join(labels_in(subfolder)) or subfolder
        places = [(folder.place(name), _is_video(name)) for name in names if _is_seen(name)]
        found = [LabelledVideo(path, label, "", version=state) for (path, state), is_one in places if is_one]
        if not found:
            raise SoraError(f"{folder}/{subfolder} is a label without videos; add some or remove the folder")
        videos += found
        skipped += [SkippedFile(path, label, NOT_A_VIDEO) for (path, _), is_one in places if not is_one]
    return videos, skipped


def _is_seen(name: str) -> bool:
    return _is_video(name) or not any(part.startswith(".") for part in name.split("/"))


def _is_video(name: str) -> bool:
    return Path(name).suffix.lower() in SUFFIXES


def _from_table(
    folder: Folder, split_column: str, group_column: str
) -> tuple[list[LabelledVideo], list[SkippedFile]]:
    videos: dict[str, LabelledVideo] = {}
    skipped: dict[str, SkippedFile] = {}
    lines: dict[str, int] = {}
    with folder.open(LABELS) as table:
        rows = list(read_labels(table, f"{folder}/{LABELS}", split_column, group_column))
    for row in rows:
        where = f"{folder}/{LABELS}, line {row.line}"
        places = _places(where, folder, row)
        for location, version in places:
            if len(places) > 1 and not _is_video(location):
                skipped[location] = SkippedFile(location, row.label, NOT_A_VIDEO)
                continue
            video = LabelledVideo(
                location, row.label, row.group, row.split, row.window, row.sha256, version, row.attributes
            )
            if video.path in videos:
                raise SoraError(
                    f"{where}: {video.path} is listed more than once, first in line {lines[video.path]}; "
                    "keep one row (several labels are written as one;other)"
                )
            videos[video.path], lines[video.path] = video, row.line
    return list(videos.values()), [file for path, file in skipped.items() if path not in videos]


def _places(where: str, folder: Folder, row: LabelRow) -> list[Place]:
    """Return the file or files of a row: its URL, its path, or what its pattern matches."""
    if is_url(row.path):
        _require_protocol(where, row.path)
        return [(row.path, "")]
    if folder.has(row.path):
        return [folder.place(row.path)]
    if not glob.has_magic(row.path):
        raise SoraError(f"{where}: there is no file {row.path!r} in {folder}")
    names = folder.matches(row.path)
    if not any(map(_is_video, names)):
        raise SoraError(f"{where}: no video matches the pattern {row.path!r} in {folder}")
    return [folder.place(name) for name in names]


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


def _require_two_labels(source: Folder, videos: list[LabelledVideo]) -> None:
    if not videos:
        raise SoraError(
            f"{source} holds no videos ({', '.join(sorted(SUFFIXES))} in a folder for each label)"
        )
    labels = sorted({label for video in videos for label in labels_in(video.label)})
    if len(labels) < 2:
        raise SoraError(f"{source} has the label {labels[0]!r} only; at least two labels are needed")
