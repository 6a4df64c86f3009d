"""A project whose registry is followed."""

from pathlib import Path

import pytest
from registry_projects import make_project


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BENTOML_HOME", str(tmp_path / "bentos"))
    return make_project(tmp_path / "project")
