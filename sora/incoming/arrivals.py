"""What has come: videos in a folder for each label."""

import unicodedata
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from sora.manifest import LABEL_SEPARATOR, labels_in
from sora.sources.listing import NOT_A_VIDEO
from sora.video.container import SUFFIXES

_UNSAFE_CATEGORIES = {"Cc", "Cs", "Zl", "Zp"}  # control characters, halves of characters, line breaks


@dataclass(frozen=True, order=True)
class Arrival:
    """A video that came under a label.

    Attributes:
        is_feedback: whether it belongs to the service, so that it is copied and never moved.
        file: where it lies.
        label: its labels, sorted and joined by ``;`` where there are several.
        name: its path below the folder of the label.
    """

    is_feedback: bool
    file: Path
    label: str
    name: str

    @property
    def group(self) -> str:
        """The source group that it was filed under, ``<label>/<group>/VIDEO``; empty where it was not.

        Nothing is known of where feedback comes from: each is a group of its own.
        """
        parts = PurePosixPath(self.name).parts
        if len(parts) > 1:
            return parts[0]
        return PurePosixPath(self.name).stem if self.is_feedback else ""

    @property
    def has_plain_name(self) -> bool:
        """Whether its name can stand in a line of labels.csv."""
        text = f"{self.label}/{self.name}"
        unsafe = any(unicodedata.category(letter) in _UNSAFE_CATEGORIES for letter in text)
        return not unsafe and self.name == self.name.strip()


def find_arrivals(folder: Path, *, is_feedback: bool = False) -> tuple[list[Arrival], dict[Path, str]]:
    """Return the videos of a folder, in order, and why other files are passed over.

    Each subfolder is a label, or several that are joined by ``;``. Hidden files are nobody's business: many
    programs write a file under such a name until it is whole.
    """
    files = sorted(path for path in folder.rglob("*") if path.is_file() and not _is_hidden(path, folder))
    arrivals, passed_over = [], {}
    for file in files:
        top, *rest = file.relative_to(folder).parts
        label = LABEL_SEPARATOR.join(labels_in(top))
        if not rest or not label:
            passed_over[file] = "lies in no label's folder"
        elif file.suffix.lower() not in SUFFIXES:
            passed_over[file] = NOT_A_VIDEO
        else:
            arrivals.append(Arrival(is_feedback, file, label, PurePosixPath(*rest).as_posix()))
    return arrivals, {} if is_feedback else passed_over


def _is_hidden(path: Path, folder: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(folder).parts)
