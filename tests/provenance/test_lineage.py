"""The lineage of promoted versions, in a small project in git: asked, checked, and removed from."""

import json
import shutil
from pathlib import Path

import pytest
import yaml
from registry_projects import LEARNED, RULES, make_project, write_candidate
from typer.testing import CliRunner

from sora import layout
from sora.cli import app
from sora.manifest import read_table, write_table
from sora.provenance.forgotten import Forgotten, add_forgotten
from sora.registry.pointer import read_pointer
from sora.registry.promotion import Wish, promote


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BENTOML_HOME", str(tmp_path / "bentos"))
    folder = make_project(tmp_path / "project")
    monkeypatch.chdir(folder)
    return folder


def promoted(project: Path, name: str = "") -> str:
    if name:
        write_candidate(project, name)
    return promote(project, RULES, Wish("ann")).version


def sora(*words: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, list(words))
    return done.exit_code, done.output


def told(*words: str) -> dict:
    code, text = sora("lineage", *words, "--json")
    assert code == 0, text
    return json.loads(text)


def test_a_version_is_found_by_its_beginning_with_all_its_links_and_videos(project: Path):
    first = promoted(project)
    second = promoted(project, "second")
    found = told(first[:6])
    assert (found["version"], found["tag"], found["serves"]) == (first, f"model-{first}", False)
    assert found["videos"] == {"train": 2, "val": 0, "test": 36, "set aside": 0, "of ancestors": 0}
    links = {link["name"]: link for link in found["links"]}
    pointer = read_pointer(layout.REGISTRY)
    assert pointer is not None
    assert told(second)["serves"]
    assert links["compressed model"]["path"] == f"registry/models/{first}/bundle"
    assert {link["name"]: link["digest"] for link in told(second)["links"]}["Bento"] == pointer.bento_sha256
    code, text = sora("lineage", second)
    assert code == 0
    assert f"verify: git checkout model-{second}" in text


def test_a_video_is_found_by_path_hash_and_prediction_with_its_role_in_each_model(project: Path):
    first, second = promoted(project), promoted(project, "second")
    seen = told(LEARNED[0])["seen_by"]
    assert {(one["version"], one["role"], one["serves"]) for one in seen} == {
        (first, "train", False),
        (second, "train", True),
    }
    digest = f"{7:064x}"
    assert {one["role"] for one in told(digest)["seen_by"]} == {"test"}
    pointer = read_pointer(layout.REGISTRY)
    assert pointer is not None
    asked = told(f"{'9' + '0' * 15}-{pointer.bundle_version}")
    assert (asked["version"], asked["prediction"]["seen_by"]) == (second, [])


def test_what_is_not_known_is_one_clear_error(project: Path):
    promoted(project)
    assert sora("lineage", "nothing.mp4")[0] == 1
    code, text = sora("lineage", f"{'0' * 16}-abcdef")
    assert (code, "no model of this version is known" in text) == (1, True)
    code, text = sora("lineage", "000000")
    assert (code, "several contents are meant" in text) == (1, True)


def test_a_check_tells_damage_from_another_model_in_its_place(project: Path):
    first = promoted(project)
    second = promoted(project, "second")
    code, text = sora("lineage", first, "--check")
    assert code == 0
    assert "DIFFERS" in text  # parameters of the second
    backbone = next((project / "registry/models" / second / "bundle").glob("backbone.*"))
    backbone.write_bytes(b"damaged")
    code, text = sora("lineage", second, "--check")
    assert code == 1
    assert "does not match its checksum" in text


def test_lineage_outlives_the_version(project: Path):
    first = promoted(project)
    promoted(project, "second")
    shutil.rmtree(project / "registry/models" / first)
    assert told(first)["version"] == first


def test_a_version_without_its_videos_is_told_and_no_other_suffers(project: Path):
    first, second = promoted(project), promoted(project, "second")
    videos = project / "registry/lineage" / first / "videos.csv"
    videos.unlink()
    assert told(second)["version"] == told()["version"] == second
    code, text = sora("lineage", first)
    assert (code, f"registry/lineage/{first}/videos.csv: is damaged" in text) == (1, True)


def test_an_update_has_learned_what_its_parent_learned(project: Path):
    first = promoted(project)
    shutil.copytree(project.with_name("project-networks"), project / layout.PARENT)
    write_candidate(project, "second")
    lock = yaml.safe_load((project / "dvc.lock").read_text())
    lock["stages"]["train"]["deps"].append({"path": layout.PARENT.as_posix()})
    (project / "dvc.lock").write_text(yaml.safe_dump(lock))
    manifest = read_table(layout.MANIFEST)
    write_table(layout.MANIFEST, manifest[manifest["path"] != LEARNED[1]])  # it has gone since
    second = promoted(project)
    assert told(second)["parent"] == first
    assert told(second)["videos"]["of ancestors"] == 1
    seen = {one["version"]: (one["role"], one["through"]) for one in told(LEARNED[1])["seen_by"]}
    assert seen == {first: ("train", ""), second: ("train", first)}
    assert f"trained on from {first}" in sora("lineage", second)[1]


def test_what_learned_a_removed_video_is_not_promoted_and_comes_back_by_force_alone(project: Path):
    first = promoted(project)
    promoted(project, "second")
    digest = next(one["content_hash"] for one in [told(LEARNED[1])])
    add_forgotten(project, [Forgotten(digest, "2026-01-01T00:00:00+00:00", "ann", "asked by the person")])
    code, text = sora("rollback", first)
    assert code == 1
    assert "has learned 1 removed video" in text
    assert "[learned 1 removed since]" in sora("history")[1]
    write_candidate(project, "third")
    with pytest.raises(Exception, match="the model that is here has learned 1 removed video"):
        promote(project, RULES, Wish("ann"))
    assert sora("rollback", first, "--force", "the person agreed")[0] == 0
    assert sora("history")[1].splitlines()[0].endswith("the person agreed [learned 1 removed since]")
