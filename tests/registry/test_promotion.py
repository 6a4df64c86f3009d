"""Real git, small files: what is promoted can be made again, and what is the user's stays as it is."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from registry_projects import IDENTITY, RULES, git, make_project, write_candidate

from sora import layout
from sora.errors import SoraError
from sora.registry.entries import versions
from sora.registry.events import history
from sora.registry.keeping import read_evidence
from sora.registry.pointer import POINTER, Pointer, read_pointer
from sora.registry.promotion import Outcome, Wish, consider, promote
from sora.registry.rollback import roll_back
from sora.registry.writing import repair

WISH = Wish("ann")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BENTOML_HOME", str(tmp_path / "bentos"))
    return make_project(tmp_path / "project")


def promoted(project: Path, name: str = "", wish: Wish = WISH) -> Outcome:
    if name:
        write_candidate(project, name)
    outcome = promote(project, RULES, wish)
    assert (outcome.status, outcome.behind) == ("promoted", ())
    return outcome


def serving(project: Path) -> Pointer:
    pointer = read_pointer(project / layout.REGISTRY)
    assert pointer is not None
    return pointer


def test_the_tag_has_what_the_model_was_made_from_and_nothing_else_changes(project: Path):
    (project / "a.txt").write_text("staged")
    git(project, "add", "a.txt")
    (project / "b.txt").write_text("not staged")
    (project / ".git/index.lock").touch()  # what a killed git of the user's left is nobody else's matter
    index, status = (project / ".git/index").read_bytes(), git(project, "--no-optional-locks", "status", "-s")
    head = git(project, "rev-parse", "HEAD")
    outcome = promoted(project)
    assert (project / ".git/index").read_bytes() == index
    assert git(project, "--no-optional-locks", "status", "-s") == status
    assert git(project, "rev-parse", "HEAD", "refs/heads/main") == f"{head}\n{head}"
    pointer = serving(project)
    assert (pointer.tag, pointer.version) == (f"model-{outcome.version}", outcome.version)
    changed = git(project, "diff", "--name-only", "HEAD", pointer.tag).split()
    assert sorted(changed) == [
        *("data/videos.dvc", "dvc.lock", "dvc.yaml", "params.yaml"),
        *("reports/metrics.json", "reports/predictions.csv", "train.py"),
    ]
    for path in changed:
        assert git(project, "show", f"{pointer.tag}:{path}") == (project / path).read_text().strip()


def test_what_is_committed_is_tagged_as_it_is(project: Path):
    git(project, "add", "-A")
    git(project, *IDENTITY, "commit", "-q", "-m", "first model")
    promoted(project)
    assert serving(project).commit == git(project, "rev-parse", "HEAD")


def test_a_repository_without_a_commit_and_a_project_in_a_subfolder(tmp_path: Path, monkeypatch):
    monkeypatch.setenv("BENTOML_HOME", str(tmp_path / "bentos"))
    for name in ("GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME"):
        monkeypatch.delenv(name, raising=False)
    project = make_project(tmp_path / "top" / "project")
    (project / ".git").rename(tmp_path / "old")
    git(tmp_path / "top", "init", "-q")
    promoted(project)
    assert "project/dvc.lock" in git(tmp_path / "top", "ls-tree", "-r", "--name-only", serving(project).tag)


def test_a_rejected_candidate_is_kept_with_the_reasons_and_changes_nothing(project: Path):
    promoted(project)
    before = (project / layout.REGISTRY / POINTER).read_bytes()
    write_candidate(project, "worse", wrong=range(0, 30, 2))
    assert not consider(project, RULES).passed
    outcome = promote(project, RULES, WISH)
    assert outcome.status == "rejected"
    assert outcome.folder == project / layout.REGISTRY / "rejected" / outcome.version
    record = json.loads((outcome.folder / "record.json").read_text())
    failed = [check["sentence"] for check in record["checks"] if not check["passed"]]
    assert tuple(failed) == outcome.decision.reasons
    assert len(failed) == 2
    assert (outcome.folder / "bundle" / "bundle.json").is_file()
    assert (project / layout.REGISTRY / POINTER).read_bytes() == before
    assert git(project, "tag").split() == [serving(project).tag]
    assert history(project / layout.REGISTRY)[0].why == " ".join(failed)


def test_force_overrules_the_gate_and_is_remembered_with_its_reason(project: Path):
    promoted(project)
    write_candidate(project, "leaky", leaks=["groups_in_one_split"])
    assert promote(project, RULES, WISH).status == "rejected"
    promoted(project, wish=Wish("ann", force="the leak is known"))
    event = history(project / layout.REGISTRY)[0]
    assert (event.event, event.by, event.why, event.serves) == ("promoted", "ann", "the leak is known", True)
    assert any("leaked into training" in sentence for sentence in serving(project).checks)


@pytest.mark.parametrize("rule", ["not_dark", "no_confounds", "one_label"])
def test_other_warnings_are_no_leak(project: Path, rule: str):
    write_candidate(project, "first", leaks=[rule])
    promoted(project)


def test_the_hold_out_stays_as_the_test_videos_grow_until_it_is_renewed(project: Path):
    write_candidate(project, "first", left_out=range(30, 36))
    promoted(project)
    fixed = serving(project).holdout
    promoted(project, "second")  # tested on six videos more
    assert serving(project).holdout == fixed
    write_candidate(project, "third", left_out=[0])
    assert consider(project, RULES).reasons[0].startswith("the candidate was not judged on hold-out")
    assert consider(project, RULES, new_holdout=True).passed
    promoted(project, wish=Wish("ann", new_holdout=True))
    assert serving(project).holdout != fixed
    _, holdout = read_evidence(project / layout.REGISTRY, serving(project).version)
    assert (len(holdout), holdout.sha256) == (35, serving(project).holdout)


def test_a_changed_label_is_another_hold_out(project: Path):
    promoted(project)
    write_candidate(project, "second", relabelled={0: "walk"})
    assert "1 of its 36 videos" in consider(project, RULES).reasons[0]


def test_promoting_again_changes_nothing_and_the_same_bundle_in_another_bento_is_a_version(project: Path):
    first = promoted(project)
    before = (project / layout.REGISTRY / POINTER).read_bytes()
    assert promote(project, RULES, WISH).status == "serving already"
    assert (project / layout.REGISTRY / POINTER).read_bytes() == before
    with (project / layout.BENTO).open("ab") as bento:
        bento.write(b"\0" * 512)  # built anew
    assert promoted(project).version == f"{first.version}-2"
    assert serving(project).bundle_version == first.version
    assert roll_back(project, by="ann").pointer.version == first.version
    assert promoted(project).version == f"{first.version}-2"  # it is kept, and not kept twice


def test_roll_back_goes_further_back_each_time_and_forth_by_name(project: Path):
    names = [promoted(project, name).version for name in ("one", "two", "three")]
    assert roll_back(project, by="bob", why="odd answers").pointer.version == names[1]
    assert roll_back(project, by="bob").pointer.version == names[0]
    with pytest.raises(SoraError, match="nothing did before it"):
        roll_back(project, by="bob")
    with pytest.raises(SoraError, match="serves already"):
        roll_back(project, names[0][:8], by="bob")
    with pytest.raises(SoraError, match="no such version is kept; there are"):
        roll_back(project, "none", by="bob")
    pointer = roll_back(project, names[2][:8], by="bob").pointer
    assert (pointer.version, pointer.previous, pointer.serial) == (names[2], names[1], 6)
    events = history(project / layout.REGISTRY)
    assert [event.event for event in events] == ["rolled back"] * 3 + ["promoted"] * 3
    assert events[2].why == "odd answers"
    bentos = Path(project.parent / "bentos/bentos/sora-video/latest")
    assert bentos.read_text() == names[2]


def test_what_was_rolled_back_serves_again_only_by_force(project: Path):
    first, second = (promoted(project, name).version for name in ("1", "2"))
    roll_back(project, by="bob", why="odd answers")
    (event, *_) = history(project / layout.REGISTRY)
    outcome = promote(project, RULES, WISH)
    said = f"{second} was rolled back at {event.at} by bob (odd answers)"
    assert (outcome.status, outcome.decision.reasons) == ("rejected", (said,))
    assert serving(project).version == first
    assert promote(project, RULES, Wish("ann", force="mended elsewhere")).status == "promoted"
    assert consider(project, RULES).passed


def test_old_versions_go_but_never_what_serves_nor_the_one_before(project: Path):
    few = replace(WISH, num_kept=2)
    names = [promoted(project, name, few).version for name in ("one", "two", "three")]
    registry = project / layout.REGISTRY
    assert versions(registry) == sorted(names)  # one was the way back until three served
    roll_back(project, names[0], by="ann")
    write_candidate(project, "four")
    four = promote(project, RULES, few).version
    assert set(versions(registry)) == {names[0], four}
    assert [event.is_kept for event in history(registry)] == [True, True, False, False, True]


@pytest.mark.parametrize("damaged", ["bundle/head.tflite", "sora-video.bento"])
def test_a_damaged_version_does_not_come_back(project: Path, damaged: str):
    first = promoted(project)
    promoted(project, "second")
    (first.folder / damaged).write_bytes(b"other")
    before = serving(project)
    with pytest.raises(SoraError, match=r"does not match its checksum|is not what record.json says"):
        roll_back(project, by="ann")
    assert serving(project) == before


def test_stale_locks_of_git_are_removed_and_what_follows_is_repaired(project: Path):
    pointer = serving(project) if promoted(project) else None
    assert pointer is not None
    git(project, "update-ref", "-d", "refs/sora/serving")
    git(project, "tag", "-d", pointer.tag)
    for ref in ("refs/sora/serving", f"refs/tags/{pointer.tag}"):
        lock = project / ".git" / f"{ref}.lock"
        lock.parent.mkdir(exist_ok=True)
        lock.touch()
    (project / layout.REGISTRY / "journal.jsonl").unlink()
    (project.parent / "bentos/bentos/sora-video/latest").write_text("another")
    assert repair(project) == ()
    refs = git(project, "rev-parse", f"refs/tags/{pointer.tag}", "refs/sora/serving").split()
    assert refs == [pointer.commit] * 2
    assert not list((project / ".git").rglob("*.lock"))
    assert [event.version for event in history(project / layout.REGISTRY)] == [pointer.version]
    assert (project.parent / "bentos/bentos/sora-video/latest").read_text() == pointer.version


def test_a_model_serves_though_what_follows_fails_and_that_is_told(project: Path, tmp_path: Path):
    (tmp_path / "bentos").write_text("a file where BentoML's folder belongs")
    outcome = promote(project, RULES, WISH)
    assert outcome.status == "promoted"
    assert [sentence[:27] for sentence in outcome.behind] == ["BentoML's store is behind ("]
    (tmp_path / "bentos").unlink()
    assert repair(project) == ()


def test_what_is_missing_is_one_clear_error(project: Path):
    (project / layout.BENTO).write_bytes(b"no archive")
    with pytest.raises(SoraError, match=r"sora-video.bento: is not an exported Bento; run dvc repro package"):
        promote(project, RULES, WISH)
    write_candidate(project, "first")
    bento = (project / layout.BENTO).read_bytes()
    write_candidate(project, "second")
    (project / layout.BENTO).write_bytes(bento)
    with pytest.raises(SoraError, match="carries another model than"):
        promote(project, RULES, WISH)
    (project / layout.BENTO).unlink()
    with pytest.raises(SoraError, match=r"sora-video.bento is missing: run dvc repro package"):
        promote(project, RULES, WISH)
    with pytest.raises(SoraError, match="nothing was promoted yet"):
        roll_back(project, by="ann")


def test_outside_git_the_error_says_so(tmp_path: Path, monkeypatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    project = make_project(tmp_path / "project")
    (project / ".git").rename(tmp_path / "away")
    with pytest.raises(SoraError, match="not a git repository"):
        promote(project, RULES, WISH)
