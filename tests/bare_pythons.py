"""A Python that has what a file of requirements names, and nothing else."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest


def bare_python(folder: Path, requirements: Path) -> Path:
    """Make an environment in ``folder`` with what a file requires; skip the test where that cannot be had."""
    uv = shutil.which("uv", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}") or "uv"
    python = folder / "bin" / "python"
    install = [uv, "pip", "install", "--python", str(python), "-r", str(requirements)]
    try:
        subprocess.run([uv, "venv", "--python", sys.executable, str(folder)], check=True, capture_output=True)
        offline = subprocess.run([*install, "--offline"], check=False, capture_output=True)
        if offline.returncode:
            subprocess.run(install, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        message = f"needs uv, and the packages in its cache or from an index: {error}"
        if os.environ.get("SORA_REQUIRE_ALL"):
            pytest.fail(message)
        pytest.skip(message)
    return python
