"""What ``sora preview`` does: find, read, draw, write."""

from pathlib import Path

from sora.atomic import write_bytes
from sora.errors import SoraError, VideoError
from sora.guard import Guard
from sora.preview.content import Recipe, VideoContent, video_content
from sora.preview.sheet import contact_sheet
from sora.preview.subjects import find_subjects


def write_preview(source: str, recipe: Recipe, max_videos: int, output: Path) -> list[str]:
    """Write a contact sheet of the videos that ``source`` names; return a line for each that is unreadable.

    Raises:
        SoraError: ``output`` is no PNG, ``source`` names no video, or none of them can be read.
    """
    if output.suffix.lower() != ".png":
        raise SoraError(f"{output}: a contact sheet is a PNG; give it a name that ends in .png")
    contents: list[VideoContent] = []
    unreadable = []
    subjects = find_subjects(source, max_videos)
    with Guard() as guard:
        for subject in subjects:
            try:
                contents.append(guard.call(video_content, subject, recipe))
            except VideoError as error:
                unreadable.append(f"{subject.file}: {error}")
    if not contents:
        raise SoraError(unreadable[0])
    write_bytes(output, contact_sheet(contents))
    return unreadable
