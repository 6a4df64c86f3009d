"""What a child process does with one video; light to import, for every child pays for that."""

from dataclasses import asdict
from pathlib import Path

from sora.atomic import write_bytes, write_json
from sora.video.cuts import Shots, Windows, find_cuts
from sora.video.probe import probe_with_thumbnail
from sora.video.read import Window


def write_facts(item: tuple[Path, Window, Path, Path]) -> None:
    """Write the thumbnail of a video or part, then its facts: where these are, both are."""
    video, window, thumbnail_path, facts_path = item
    facts, thumbnail = probe_with_thumbnail(video, window)
    if thumbnail:
        write_bytes(thumbnail_path, thumbnail)
    write_json(facts_path, asdict(facts))


def write_cuts(item: tuple[Path, Shots | Windows, Path]) -> None:
    """Write where a video is to be cut.

    Raises:
        VideoError: nothing can be read.
    """
    video, rule, timeline_path = item
    write_json(timeline_path, asdict(find_cuts(video, rule)))
