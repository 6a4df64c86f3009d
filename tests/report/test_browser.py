"""The report as a browser shows it, at the width of a phone and of a desk."""

import html
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import cv2
import pytest
from browsers import find_chromium
from report_samples import PREDICTIONS, full_content

from sora.report.page import render_report

WIDTHS_PX = (390, 1280)
# A window of Chromium is at least 500 px wide, a frame in it is not.
FRAME = """<title></title><iframe src="report.html" style="width: %dpx; height: 900px; border: 0"></iframe>
<script>addEventListener("message", (event) => document.title = event.data)</script>"""
# Written into the page: tells what is wider than the screen and cannot be scrolled to, as JSON.
PROBE = """<script>addEventListener("load", () => {
  const wide = [...document.querySelectorAll("body *")].filter((one) => {
    for (let box = one; box; box = box.parentElement)
      if (box !== one && ["auto", "scroll"].includes(getComputedStyle(box).overflowX)) return false;
    return one.getBoundingClientRect().right > innerWidth + 0.5 || one.getBoundingClientRect().left < -0.5;
  });
  const broken = [...document.images].filter((image) => !image.naturalWidth);
  parent.postMessage(JSON.stringify({width: innerWidth, scrollWidth: document.documentElement.scrollWidth,
    wide: wide.map((one) => one.outerHTML.slice(0, 80)), broken: broken.length}), "*");
});</script>"""


@pytest.fixture(scope="module")
def chromium() -> str:
    return find_chromium()


@pytest.fixture(scope="module")
def page() -> str:
    long = "a_label_that_goes_on_and_on_without_any_space_where_a_line_could_break_" * 2
    rows = [{**PREDICTIONS[1], "path": f"{long}/{long}.mp4"}, *PREDICTIONS]
    return render_report(full_content(source=f"/data/{long}", predictions=rows))


def browse(chromium: str, file: Path, *options: str) -> subprocess.CompletedProcess[str]:
    fixed = ("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--enable-logging=stderr")
    profile = f"--user-data-dir={file.parent / 'profile'}"
    command = [chromium, *fixed, profile, *options, file.as_uri()]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)


def measured(chromium: str, folder: Path, page: str, width_px: int) -> tuple[dict[str, Any], list[str]]:
    """Return what the probe finds in the page at a width, and the lines of the console."""
    (folder / "report.html").write_text(page.replace("</body>", f"{PROBE}</body>"))
    frame = folder / "frame.html"
    frame.write_text(FRAME % width_px)
    shown = browse(chromium, frame, "--window-size=1400,1000", "--dump-dom")
    title = re.search(r"<title>(.*?)</title>", shown.stdout)
    assert title is not None
    return json.loads(html.unescape(title[1])), re.findall(r"CONSOLE.*", shown.stderr)


@pytest.mark.parametrize("width_px", WIDTHS_PX)
def test_nothing_is_cut_off_and_the_console_is_silent(chromium, page, tmp_path, width_px):
    found, console = measured(chromium, tmp_path, page, width_px)
    assert console == []
    assert found == {"width": width_px, "scrollWidth": width_px, "wide": [], "broken": 0}


@pytest.mark.parametrize("width_px", WIDTHS_PX)
def test_a_screenshot_shows_the_page(chromium, page, tmp_path, width_px):
    file, picture = tmp_path / "report.html", tmp_path / "shown.png"
    file.write_text(page)
    browse(chromium, file, f"--window-size={width_px},900", f"--screenshot={picture}")
    pixels = cv2.imread(str(picture))
    assert pixels.shape[:2] == (900, width_px)
    assert 5 < pixels.std() < 120  # text on paper, not one colour


def test_a_page_that_is_cut_off_is_noticed(chromium, tmp_path):
    page = (
        "<body><p style='width: 900px'>wide</p><img src='none.png'><script>console.log('x')</script></body>"
    )
    found, console = measured(chromium, tmp_path, page, 390)
    assert any("'x'" in line or '"x"' in line for line in console)
    assert [one[:3] for one in found["wide"]] == ["<p "]
    assert (found["width"], found["broken"]) == (390, 1)
