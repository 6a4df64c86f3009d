"""The browser that pages are opened in."""

import os
import shutil

import pytest


def find_chromium() -> str:
    """Give its path; skip the test where there is none, which CI turns into a failure."""
    found = shutil.which("chromium") or shutil.which("google-chrome")
    if not found:
        message = "needs the browser chromium"
        if os.environ.get("SORA_REQUIRE_ALL"):
            pytest.fail(message)
        pytest.skip(message)
    return found
