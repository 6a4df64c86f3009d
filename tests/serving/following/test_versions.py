"""What a Bento of the registry becomes in the folder of state."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from promoted_models import promote_model

from sora import layout
from sora.bundle import read_bundle
from sora.errors import SoraError
from sora.registry.entries import MODELS, remove_all_but
from sora.serving.assets import Assets
from sora.serving.following import versions as module
from sora.serving.following.versions import Versions
from sora.serving.locking import locked

BESIDE = {"policy.yaml": b"duration: []\n", "search.db": b"an index", "sora.objects.npz": b"names"}


@pytest.fixture
def versions(project: Path, tmp_path: Path) -> Versions:
    return Versions(project / layout.REGISTRY, tmp_path / "state")


def test_all_of_a_version_is_of_its_bento(project, versions, tmp_path):
    pointer = promote_model(project, "one", beside=BESIDE, others={"src/sora/code.py": b"", "README.md": b""})
    found = versions.unpacked(pointer)
    assert found.version == pointer.version
    assert found.folder == tmp_path / "state" / "versions" / pointer.version
    assert read_bundle(found.bundle).version == pointer.bundle_version
    assert (found.policy.read_bytes(), found.index.read_bytes()) == (b"duration: []\n", b"an index")
    named = {path.name for path in found.folder.iterdir()}
    assert named == {"sora", "bento.sha256", *BESIDE}


def test_it_is_unpacked_once_and_again_where_it_is_damaged(project, versions):
    pointer = promote_model(project, "one")
    network = versions.unpacked(pointer).bundle / "head.tflite"
    first = network.stat().st_ino
    assert versions.unpacked(pointer).bundle.joinpath("head.tflite").stat().st_ino == first
    whole = network.read_bytes()
    network.write_bytes(b"damaged")
    assert versions.unpacked(pointer).bundle.joinpath("head.tflite").read_bytes() == whole


def test_what_a_killed_worker_left_goes(project, versions, tmp_path):
    pointer = promote_model(project, "one")
    left = tmp_path / "state" / "versions" / ".tmp-one-abc" / "new"
    left.mkdir(parents=True)
    versions.unpacked(pointer)
    assert not left.parent.exists()


@pytest.mark.parametrize(
    "name", ["src/models/../../../evil", "src/models//../evil", "src/models/a/../../evil"]
)
def test_a_hostile_bento_writes_nothing_elsewhere(project, versions, tmp_path, name):
    pointer = promote_model(project, "one", others={name: b"evil"})
    with pytest.raises(SoraError, match="cannot be unpacked"):
        versions.unpacked(pointer)
    assert list(tmp_path.rglob("evil")) == []
    assert [path.name for path in (tmp_path / "state" / "versions").iterdir()] == [".lock"]


def test_a_bento_that_is_not_what_was_promoted_is_refused(project, versions):
    pointer = promote_model(project, "one")
    bento = project / layout.REGISTRY / pointer.bento
    with pytest.raises(SoraError, match="carries another model than abc"):
        versions.unpacked(replace(pointer, bundle_version="abc"))
    bento.write_bytes(bento.read_bytes() + b"\0")
    with pytest.raises(SoraError, match="is not what was promoted"):
        versions.unpacked(pointer)
    bento.unlink()
    with pytest.raises(SoraError, match="is missing; restore it"):
        versions.unpacked(pointer)


def test_nothing_goes_while_the_registry_is_out_of_reach(project, versions, tmp_path):
    for name in ("one", "two"):
        pointer = promote_model(project, name)
        versions.unpacked(pointer)
        versions.note_served(pointer.version)
    (tmp_path / "state" / f"search-{pointer.version}.db").touch()
    registry = project / layout.REGISTRY
    registry.rename(registry.with_name("away"))
    versions.remove_old("another")
    assert len(versions.served()) == 2
    assert (tmp_path / "state" / f"search-{pointer.version}.db").exists()


def test_what_another_worker_unpacks_before_the_lock_is_free_stays(project, versions, monkeypatch):
    first = promote_model(project, "one")
    versions.unpacked(first)
    unpacked: list[Assets] = []

    @contextmanager
    def held_by_another(path: Path) -> Iterator[None]:
        monkeypatch.setattr(module, "locked", locked)
        unpacked.append(versions.unpacked(promote_model(project, "two")))
        yield

    monkeypatch.setattr(module, "locked", held_by_another)
    versions.remove_old(first.version)
    assert unpacked[0].bundle.is_dir()


def test_what_the_registry_keeps_no_more_goes_with_its_index(project, versions, tmp_path):
    pointers = [promote_model(project, name) for name in ("one", "two", "three")]
    for pointer in pointers:
        versions.unpacked(pointer)
        versions.note_served(pointer.version)
        (tmp_path / "state" / f"search-{pointer.version}.db").touch()
    (tmp_path / "state" / "search-own.db").touch()
    assert [assets.version for assets in versions.served()] == [p.version for p in reversed(pointers)]
    versions.remove_old(pointers[2].version)
    assert len(versions.served()) == 3
    remove_all_but(project / layout.REGISTRY / MODELS, {pointers[2].version})
    versions.remove_old(pointers[1].version)
    left = [pointers[2].version, pointers[1].version]
    assert [assets.version for assets in versions.served()] == left
    indexes = {path.name for path in (tmp_path / "state").glob("search-*")}
    assert indexes == {f"search-{name}.db" for name in ("own", *left)}
