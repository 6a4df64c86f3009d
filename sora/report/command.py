"""What ``sora report`` does: find the page or make it, and open it."""

import os
import re
import sys
import webbrowser
from dataclasses import replace
from pathlib import Path

from sora import layout
from sora.atomic import write_text
from sora.comparison.revisions import compare_revisions
from sora.comparison.words import as_json
from sora.errors import SoraError
from sora.report.gather import Choices, read_content
from sora.report.page import render_report


def report_file() -> Path:
    """Return the report that package wrote.

    Raises:
        SoraError: there is none yet.
    """
    if not layout.REPORT.is_file():
        raise SoraError(f"{layout.REPORT} is missing: run dvc repro from the folder of the project")
    return layout.REPORT


def write_report_against(revision: str, choices: Choices) -> Path:
    """Write the report with a comparison of ``revision`` with the work tree, and return where it lies.

    Raises:
        SoraError: ``revision`` is unknown or has no results, or what the report shows is missing here.
    """
    comparison = as_json(compare_revisions(revision))
    path = layout.REPORT.with_name(f"report_against_{_file_name(revision)}.html")
    write_text(path, render_report(replace(read_content(choices), comparison=comparison)))
    return path


def open_page(path: Path) -> bool:
    """Open a page in the reader's browser; return whether there was a display and a browser to do so."""
    return _has_display() and webbrowser.open(path.absolute().as_uri())


def _has_display() -> bool:
    # Without one, webbrowser would start a browser in the terminal.
    if sys.platform in ("win32", "darwin"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _file_name(revision: str) -> str:
    return re.sub(r"[^\w.-]+", "_", revision)
