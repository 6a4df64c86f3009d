"""A project whose registry is followed."""

from pathlib import Path

import pytest
from registry_projects import make_project

from sora.registry import promotion
from sora.registry.gate import Decision


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a project in which every model is promoted."""
    monkeypatch.setenv("BENTOML_HOME", str(tmp_path / "bentos"))
    monkeypatch.setattr(promotion, "judge", lambda *_: Decision(()))  # which takes its time
    return make_project(tmp_path / "project")
