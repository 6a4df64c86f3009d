"""Promotion: everything is made ready first, then one file is replaced."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pandas as pd

from sora import layout
from sora.provenance.record import Record
from sora.registry.candidate import Candidate, read_candidate
from sora.registry.entries import MODELS, Entry, pointer_to, remove_all_but, versions
from sora.registry.events import record_rejection, rejected_last_first, served_last_first, withdrawn
from sora.registry.gate import Check, Decision, Rules, judge
from sora.registry.holdout import Holdout, holdout_of, within
from sora.registry.keeping import add_entry, find_equal, keep_rejected, read_evidence
from sora.registry.pointer import Pointer, read_pointer
from sora.registry.provenance import keep_lineage, lineage_here, refuse_forgotten
from sora.registry.revision import Repository, recorded_files
from sora.registry.writing import Writing, move_pointer, writing

NUM_KEPT = 10
_AGAIN = "run dvc repro, and if it was trained on from a parent that knows the video, from nothing"


@dataclass(frozen=True)
class Wish:
    """What is asked of a promotion.

    Attributes:
        by: who asks.
        force: why the candidate is to serve whatever the gate says; empty: the gate decides.
        new_holdout: whether the test videos of the candidate are the hold-out from now on; both models are
            then judged on those that they have in common.
        num_kept: versions that stay, and rejected ones; the one that serves and the one before always do.
    """

    by: str
    force: str = ""
    new_holdout: bool = False
    num_kept: int = NUM_KEPT


@dataclass(frozen=True)
class Outcome:
    """What became of it.

    Attributes:
        status: of the candidate.
        version: its name.
        decision: what the gate said.
        folder: where it is kept.
        behind: what could not be brought to the new state yet, a sentence each.
    """

    status: Literal["promoted", "rejected", "serving already"]
    version: str
    decision: Decision
    folder: Path
    behind: tuple[str, ...]


@dataclass(frozen=True)
class _Judged:
    """A candidate, what the gate says of it, and the hold-out that it would stand for."""

    candidate: Candidate
    decision: Decision
    holdout: Holdout


def consider(project: Path, rules: Rules, *, new_holdout: bool = False) -> Decision:
    """Return what the gate says of the model in a project's folder; nothing is written.

    Raises:
        SoraError: the candidate or the model that serves cannot be read.
    """
    registry = project / layout.REGISTRY
    return _judged(registry, read_pointer(registry), read_candidate(project), rules, new_holdout).decision


def promote(project: Path, rules: Rules, wish: Wish) -> Outcome:
    """Let the model in a project's folder serve, if the gate lets it pass and it was not rolled back.

    All of it is prepared first: its files in the registry, a commit and a tag in git. Then the pointer is
    replaced, which is the only moment that counts; what follows from it is brought up to date, now or by the
    next run. A candidate that does not pass is kept with the reasons.

    Raises:
        SoraError: something is missing or damaged; the model that served serves on.
        OSError: likewise, of the disk.
    """
    candidate = read_candidate(project)
    with writing(project) as held:
        serving = held.pointer
        found = _judged(held.registry, serving, candidate, rules, wish.new_holdout)
        if serving and _is(serving, candidate, found.holdout):
            return _outcome("serving already", held, serving.version, found.decision, held.put_right())
        if not found.decision.passed and not wish.force:
            return _reject(held, found, wish)
        lineage = lineage_here(project, held.registry)
        if not wish.force:
            refuse_forgotten(project, lineage[1], "the model that is here", _AGAIN)
        entry = _entry(project, held, found, lineage)
        _collect(held, entry, wish.num_kept)
        pointer = pointer_to(entry, serving, by=wish.by, why=wish.force, checks=found.decision.sentences)
        behind = move_pointer(held, pointer)
        return _outcome("promoted", held, entry.version, found.decision, behind)


def _judged(
    registry: Path, pointer: Pointer | None, candidate: Candidate, rules: Rules, new_holdout: bool
) -> _Judged:
    own = candidate.evidence
    if pointer is None:
        return _Judged(candidate, judge(own, None, rules), own.holdout)
    serving, holdout = read_evidence(registry, pointer.version)
    judged_on = holdout_of(within(own.answers, serving.holdout)) if new_holdout else holdout
    given = own.on(judged_on)
    decision = judge(given, serving.on(judged_on), rules)
    if who_when := withdrawn(registry).get(own.version):
        rolled_back = Check("history", False, f"{own.version} was rolled back {who_when}")
        decision = Decision((*decision.checks, rolled_back))
    stays = not new_holdout and given.holdout.sha256 == holdout.sha256
    return _Judged(candidate, decision, holdout if stays else own.holdout)


def _is(pointer: Pointer, candidate: Candidate, holdout: Holdout) -> bool:
    own = (candidate.bundle.version, candidate.bento_sha256, holdout.sha256)
    return own == (pointer.bundle_version, pointer.bento_sha256, pointer.holdout)


def _outcome(
    status: Literal["promoted", "serving already"],
    held: Writing,
    version: str,
    decision: Decision,
    behind: tuple[str, ...],
) -> Outcome:
    return Outcome(status, version, decision, held.registry / MODELS / version, behind)


def _reject(held: Writing, found: _Judged, wish: Wish) -> Outcome:
    version = found.candidate.bundle.version
    folder = keep_rejected(held.registry, found.candidate, found.decision)
    record_rejection(held.registry, version, wish.by, found.decision.reasons)
    remove_all_but(folder.parent, rejected_last_first(held.registry)[: wish.num_kept])
    return Outcome("rejected", version, found.decision, folder, held.put_right())


def _entry(project: Path, held: Writing, found: _Judged, lineage: tuple[Record, pd.DataFrame]) -> Entry:
    """Return the candidate as a version that is kept, with its commit and tag in git."""
    entry = find_equal(held.registry, found.candidate, found.holdout)
    if entry is None:
        version = _free_name(held.registry, held.repository, found.candidate.bundle.version)
        files = held.repository.not_ignored(recorded_files(project))
        commit = held.repository.commit_files(files, f"Model {version}", held.registry)
        tag = _tag(version)
        keep_lineage(held.registry, *lineage, version=version, tag=tag, commit=commit)
        entry = add_entry(
            held.registry, found.candidate, found.holdout, version=version, tag=tag, commit=commit
        )
    held.repository.point(f"refs/tags/{entry.tag}", entry.commit, may_move=False)
    return entry


def _free_name(registry: Path, repository: Repository, bundle_version: str) -> str:
    """Return the bundle's version, or with a number where that name is taken: no tag is ever moved."""
    taken, name, number = set(versions(registry)), bundle_version, 1
    while name in taken or repository.resolve(f"refs/tags/{_tag(name)}"):
        number += 1
        name = f"{bundle_version}-{number}"
    return name


def _tag(version: str) -> str:
    return f"model-{version}"


def _collect(held: Writing, entry: Entry, num_kept: int) -> None:
    """Remove old versions, before the pointer moves: whatever serves then, and what did before, is there."""
    serving = (held.pointer.version, held.pointer.previous) if held.pointer else ()
    recent = served_last_first(held.registry)[: max(num_kept - 1, 0)]
    remove_all_but(held.registry / MODELS, {entry.version, *serving, *recent})
