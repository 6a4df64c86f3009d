import os
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("sora", deadline=None)  # no test depends on the load of the machine
settings.load_profile("sora")

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared" / "datasets"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real clips beside the checkout; CI turns its absence into a failure."""
    if not SHARED.is_dir():
        message = f"needs the real clips in {SHARED.name} beside the checkout"
        if os.environ.get("SORA_REQUIRE_ALL"):
            pytest.fail(message)
        pytest.skip(message)
    return SHARED
