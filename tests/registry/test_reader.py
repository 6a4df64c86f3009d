"""What a server sees while models are promoted, rolled back and removed under it."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from registry_projects import RULES, make_project, write_candidate

from sora import layout
from sora.errors import SoraError
from sora.registry import promotion, writing
from sora.registry.gate import Decision
from sora.registry.pointer import POINTER
from sora.registry.promotion import Wish, promote
from sora.registry.reader import Watcher, read_serving
from sora.registry.rollback import roll_back

NUM_PROMOTIONS, NUM_READERS, NUM_KEPT = 200, 2, 2
READER = """
import sys, time
from pathlib import Path
from sora.lifetime import die_with_parent
from sora.registry.reader import Watcher, read_serving

die_with_parent()
registry, stop = map(Path, sys.argv[1:])
watcher, seen, num_reads = Watcher(registry), [], 0
print("reading", flush=True)
while not stop.exists():
    model = read_serving(registry)
    assert model.bundle.version == model.pointer.bundle_version, model
    num_reads += 1
    found = watcher.poll()
    if found:
        seen.append(found.pointer.serial)
    time.sleep(0.002)  # the writer needs the processor too
assert seen == sorted(set(seen)), seen
assert num_reads > 10 and len(seen) > 10, (num_reads, len(seen))
"""


class NoGit:
    """In place of the repository: git is slow, and tested elsewhere."""

    def __init__(self, *_: Any) -> None:
        pass

    def commit_files(self, *_: Any) -> str:
        return "0" * 40

    def resolve(self, _: str) -> str:
        return ""

    def point(self, *_: Any, **__: Any) -> None:
        pass

    def not_ignored(self, files: list[str]) -> list[str]:
        return files


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BENTOML_HOME", str(tmp_path / "bentos"))
    monkeypatch.setattr(writing, "Repository", NoGit)
    monkeypatch.setattr(promotion, "judge", lambda *_: Decision(()))
    return make_project(tmp_path / "project")


def change(project: Path, number: int) -> None:
    write_candidate(project, f"candidate {number}")
    assert promote(project, RULES, Wish("ann", num_kept=NUM_KEPT)).status == "promoted"


def test_readers_see_one_whole_model_through_200_promotions(project: Path, tmp_path: Path):
    change(project, 0)
    words = [sys.executable, "-c", READER, str(project / layout.REGISTRY), str(tmp_path / "stop")]
    readers = [
        subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(NUM_READERS)
    ]
    try:
        assert [reader.stdout.readline() for reader in readers if reader.stdout] == [
            "reading\n"
        ] * NUM_READERS
        for number in range(1, NUM_PROMOTIONS):
            change(project, number)
            if number % 10 == 0:
                roll_back(project, by="ann")
    finally:
        (tmp_path / "stop").touch()
        ends = [reader.communicate(timeout=60)[1] for reader in readers]
    assert ends == [""] * NUM_READERS


def test_a_watcher_tells_of_each_change_once(project: Path):
    registry = project / layout.REGISTRY
    watcher = Watcher(registry)
    assert watcher.poll() is None
    change(project, 1)
    first = watcher.poll()
    assert first is not None
    assert watcher.poll() is None
    change(project, 2)
    change(project, 3)
    found = watcher.poll()
    assert found == read_serving(registry)
    assert Watcher(registry, found.pointer if found else None).poll() is None
    roll_back(project, by="ann")
    back = watcher.poll()
    assert back is not None
    assert back.pointer.event == "rolled back"
    assert watcher.poll() is None


def test_a_damaged_model_is_told_and_looked_at_again(project: Path):
    registry = project / layout.REGISTRY
    with pytest.raises(SoraError, match=r"no model was promoted yet; run sora promote"):
        read_serving(registry)
    change(project, 1)
    watcher = Watcher(registry)
    head = registry / read_serving(registry).pointer.bundle / "head.tflite"
    whole = head.read_bytes()
    head.write_bytes(whole[:-1])
    for _ in range(2):
        with pytest.raises(SoraError, match="does not match its checksum"):
            watcher.poll()
    head.write_bytes(whole)
    assert watcher.poll() == read_serving(registry)
    (registry / POINTER).write_text("{")
    with pytest.raises(SoraError, match=r"serving.json: is damaged"):
        watcher.poll()
