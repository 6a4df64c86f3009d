"""Which model answers while a registry changes, without a server."""

import errno
import logging
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from promoted_models import promote_model

from sora import layout
from sora.errors import SoraError
from sora.registry.rollback import roll_back
from sora.serving.assets import Assets
from sora.serving.following import follower as module
from sora.serving.following import versions as unpacking
from sora.serving.following.follower import Follower
from sora.serving.following.versions import Versions


class FakeModel:
    """In place of loaded networks."""

    def __init__(self, assets: Assets) -> None:
        self.version = assets.version or "own"
        self.is_closed = False

    def close(self) -> None:
        self.is_closed = True


@pytest.fixture
def clock(monkeypatch) -> Callable[[float], None]:
    now = 0.0

    def go_on(seconds: float) -> None:
        nonlocal now
        now += seconds

    monkeypatch.setattr(module, "monotonic", lambda: now)
    return go_on


@pytest.fixture
def follow(project: Path, tmp_path: Path, clock) -> Callable[[], Follower]:
    versions = Versions(project / layout.REGISTRY, tmp_path / "state")
    return lambda: Follower(versions, FakeModel)


def answering(follower: Follower) -> str:
    with follower.current.used() as model:
        return model.version


def test_the_bentos_own_model_answers_until_one_is_promoted_then_what_serves(follow, project):
    follower = follow()
    follower.look()
    assert answering(follower) == "own"
    one = promote_model(project, "one").version
    assert answering(follower) == "own"
    follower.look()
    assert answering(follower) == one
    with follower.current.used() as old:
        two = promote_model(project, "two").version
        follower.look()
        assert (answering(follower), old.is_closed) == (two, False)
    follower.look()
    assert old.is_closed
    roll_back(project, by="ann")
    follower.look()
    assert answering(follower) == one
    assert answering(follow()) == one


def test_a_version_that_cannot_be_had_is_told_once_and_tried_again(follow, project, clock, caplog):
    one = promote_model(project, "one").version
    follower = follow()
    pointer = promote_model(project, "two")
    bento = project / layout.REGISTRY / pointer.bento
    whole = bento.read_bytes()
    bento.write_bytes(whole[:-1])
    for _ in range(100):
        follower.look()
        clock(1.0)
    assert answering(follower) == one
    (told,) = [one for one in caplog.records if one.levelno == logging.WARNING]
    assert "is not what was promoted" in told.message
    assert f"{one} answers on" in told.message
    bento.write_bytes(whole)
    clock(60.0)
    follower.look()
    assert answering(follower) == pointer.version


def test_a_roll_back_from_it_waits_for_nothing(follow, project, caplog):
    one = promote_model(project, "one").version
    follower = follow()
    (project / layout.REGISTRY / promote_model(project, "two").bundle / "head.tflite").unlink()
    follower.look()
    roll_back(project, by="ann")
    three = promote_model(project, "three").version
    follower.look()
    assert answering(follower) == three
    roll_back(project, one, by="ann")
    follower.look()
    assert answering(follower) == one
    assert len([one for one in caplog.records if one.levelno == logging.WARNING]) == 1


def test_a_full_disk_leaves_the_old_model(follow, project, clock, monkeypatch, caplog):
    one = promote_model(project, "one").version
    follower = follow()
    two = promote_model(project, "two").version

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(unpacking, "_extract", full)
        for _ in range(20):
            follower.look()
            clock(1.0)
    assert answering(follower) == one
    (told,) = [one for one in caplog.records if one.levelno == logging.WARNING]
    assert "No space left on device" in told.message
    clock(60.0)
    follower.look()
    assert answering(follower) == two


def test_a_worker_that_starts_then_takes_what_served_last(project, tmp_path, clock):
    refused: set[str] = set()

    def load(assets: Assets) -> FakeModel:
        if assets.version in refused:
            raise SoraError("its policy cannot be applied")
        return FakeModel(assets)

    versions = Versions(project / layout.REGISTRY, tmp_path / "state")
    one = promote_model(project, "one").version
    assert answering(Follower(versions, load)) == one
    refused.add(promote_model(project, "two").version)
    again = Follower(versions, load)
    assert answering(again) == one
    refused.clear()
    clock(60.0)
    again.look()
    assert answering(again) not in (one, "own")
    shutil.move(project / layout.REGISTRY, tmp_path / "away")
    assert answering(Follower(versions, load)) == answering(again)
    (project / layout.REGISTRY).mkdir()
    assert answering(Follower(versions, load)) == "own"


def test_what_fails_in_an_unexpected_way_ends_nothing(project, tmp_path, clock, caplog):
    def load(assets: Assets) -> FakeModel:
        if assets.version:
            raise RuntimeError("no thread can be started")
        return FakeModel(assets)

    promote_model(project, "one")
    follower = Follower(Versions(project / layout.REGISTRY, tmp_path / "state"), load)
    follower.look()
    assert answering(follower) == "own"
    (told,) = [one for one in caplog.records if one.levelno == logging.WARNING]
    assert told.exc_info is not None
