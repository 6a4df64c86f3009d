"""What package gives the Bento; that the Bento is served is told by tests/serving."""

from pathlib import Path

import pytest
from indexed_projects import make_indexed_project

from sora import layout
from sora.errors import SoraError
from sora.params import Runtime, Settings
from sora.registry.pointer import POINTER
from sora.stages import package

SETTINGS = Settings(0, Runtime(num_workers=1, video_timeout_seconds=60, video_memory_gib=4))
POLICY = "duration:\n  - {longer_than_seconds: 60, action: review}\n"


def params(policy: str) -> package.Params:
    return package.Params(num_mistakes=0, intended_use="", ethical_considerations="", policy=policy)


@pytest.fixture
def given(tmp_path, monkeypatch) -> dict[str, Path]:
    """Work in a project; what is given to the Bento is kept here, and the reports are left out."""
    make_indexed_project(tmp_path)
    monkeypatch.chdir(tmp_path)
    Path("mine.yaml").write_text(POLICY)
    found = {}

    def build(bundle_folder: Path, export_to: Path, contents: Path, *, is_latest: bool) -> str:
        found.update({path.name: path.read_bytes() for path in contents.iterdir()})
        assert is_latest == (not layout.REGISTRY.exists())
        assert (bundle_folder, export_to) == (layout.BUNDLE, layout.BENTO)
        raise SoraError("far enough")

    monkeypatch.setattr(package, "build_bento", build)
    return found


def test_the_bento_is_given_the_policy_and_the_index_and_the_user_told_what_is_missing(given, capsys):
    with pytest.raises(SoraError, match="far enough"):
        package.run(params("mine.yaml"), SETTINGS)
    assert given.keys() == {"policy.yaml", "search.db"}
    assert given["policy.yaml"] == POLICY.encode()
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("package: the Bento names no objects: objects are named only with the backbones")
    assert layout.SERVED_VIDEOS.is_file()


def test_a_bento_is_not_the_latest_where_models_are_promoted(given):
    layout.REGISTRY.mkdir()
    (layout.REGISTRY / POINTER).write_text("{}")
    with pytest.raises(SoraError, match="far enough"):
        package.run(params("mine.yaml"), SETTINGS)


def test_a_policy_that_is_not_there_stops_the_stage_before_it_writes(given):
    with pytest.raises(SoraError, match=r"none\.yaml is not here; a moderation policy is expected"):
        package.run(params("none.yaml"), SETTINGS)
    assert not layout.OUTCOMES.exists()
    assert given == {}
