"""The report as a browser shows it, at the width of a phone and of a desk."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import cv2
import pytest
from report_samples import PREDICTIONS, full_content

from sora.report.page import render_report

WIDTHS_PX = (390, 1280)
# Written into the page: what is wider than the screen and cannot be scrolled to, as JSON in the title.
PROBE = """<script>addEventListener("load", () => {
  const wide = [...document.querySelectorAll("body *")].filter((one) => {
    for (let box = one; box; box = box.parentElement)
      if (box !== one && ["auto", "scroll"].includes(getComputedStyle(box).overflowX)) return false;
    return one.getBoundingClientRect().right > innerWidth + 0.5 || one.getBoundingClientRect().left < -0.5;
  });
  const broken = [...document.images].filter((image) => !image.naturalWidth);
  document.title = JSON.stringify({width: innerWidth, scrollWidth: document.documentElement.scrollWidth,
    wide: wide.map((one) => one.outerHTML.slice(0, 80)), broken: broken.length});
});</script>"""


@pytest.fixture(scope="module")
def chromium() -> str:
    found = shutil.which("chromium") or shutil.which("google-chrome")
    if not found:
        message = "needs the browser chromium"
        if os.environ.get("SORA_REQUIRE_ALL"):
            pytest.fail(message)
        pytest.skip(message)
    return found


@pytest.fixture(scope="module")
def page() -> str:
    long = "a_label_that_goes_on_and_on_without_any_space_where_a_line_could_break_" * 2
    rows = [{**PREDICTIONS[1], "path": f"{long}/{long}.mp4"}, *PREDICTIONS]
    return render_report(full_content(source=f"/data/{long}", predictions=rows))


def browse(chromium: str, file: Path, width_px: int, *options: str) -> subprocess.CompletedProcess[str]:
    fixed = ("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--enable-logging=stderr")
    profile = f"--user-data-dir={file.parent / 'profile'}"
    command = [chromium, *fixed, profile, f"--window-size={width_px},900", *options, file.as_uri()]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)


@pytest.mark.parametrize("width_px", WIDTHS_PX)
def test_nothing_is_cut_off_and_the_console_is_silent(chromium, page, tmp_path, width_px):
    file = tmp_path / "report.html"
    file.write_text(page.replace("</body>", f"{PROBE}</body>"))
    shown = browse(chromium, file, width_px, "--dump-dom")
    assert re.findall(r"CONSOLE.*", shown.stderr) == []
    title = re.search(r"<title>(.*?)</title>", shown.stdout)
    assert title is not None
    found = json.loads(title[1].replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))
    assert found == {"width": width_px, "scrollWidth": width_px, "wide": [], "broken": 0}


@pytest.mark.parametrize("width_px", WIDTHS_PX)
def test_a_screenshot_shows_the_page(chromium, page, tmp_path, width_px):
    file, picture = tmp_path / "report.html", tmp_path / "shown.png"
    file.write_text(page)
    browse(chromium, file, width_px, f"--screenshot={picture}")
    pixels = cv2.imread(str(picture))
    assert pixels.shape[:2] == (900, width_px)
    assert 5 < pixels.std() < 120  # text on paper, not one colour


def test_a_page_that_is_cut_off_is_noticed(chromium, tmp_path):
    file = tmp_path / "broken.html"
    file.write_text(f"<body><p style='width: 900px'>wide</p><script>console.log('x')</script>{PROBE}</body>")
    shown = browse(chromium, file, 390, "--dump-dom")
    assert "CONSOLE" in shown.stderr
    assert '"wide":["' in shown.stdout
