"""Candidates that are kept: as a version that may serve, or as one that was rejected."""

import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sora.manifest import read_table, write_table
from sora.registry import durable
from sora.registry.candidate import Candidate
from sora.registry.entries import (
    BENTO,
    BUNDLE,
    MODELS,
    RECORD,
    REJECTED,
    Entry,
    check_files,
    read_entry,
    versions,
)
from sora.registry.gate import Decision, Evidence
from sora.registry.holdout import Holdout, read_holdout, write_holdout

_ANSWERS, _HOLDOUT = "answers.csv", "holdout.json"


def read_evidence(registry: Path, version: str) -> tuple[Evidence, Holdout]:
    """Return what is known of a version on all of its test videos, and which of them it was judged on.

    Raises:
        SoraError: it is not kept, or a file of it is damaged.
    """
    entry, folder = read_entry(registry, version), registry / MODELS / version
    answers = read_table(folder / _ANSWERS)
    return Evidence(version, answers, entry.leaks, entry.latency_ms), read_holdout(folder / _HOLDOUT)


def find_equal(registry: Path, candidate: Candidate, holdout: Holdout) -> Entry | None:
    """Return the version that is kept with the same bundle, the same Bento and the same hold-out."""
    wanted = (candidate.bundle.version, candidate.bento_sha256, holdout.sha256)
    for entry in (read_entry(registry, version) for version in versions(registry)):
        if (entry.bundle_version, entry.bento_sha256, entry.holdout) == wanted:
            check_files(registry / MODELS / entry.version, entry)
            return entry
    return None


def add_entry(
    registry: Path, candidate: Candidate, holdout: Holdout, *, version: str, tag: str, commit: str
) -> Entry:
    """Keep a candidate, durably, as ``version``; it is seen whole or not at all.

    Raises:
        SoraError: it changed while it was copied.
    """
    evidence = candidate.evidence
    entry = Entry(
        version=version,
        bundle_version=candidate.bundle.version,
        bento_sha256=candidate.bento_sha256,
        holdout=holdout.sha256,
        accuracy=evidence.on(holdout).accuracy,
        latency_ms=evidence.latency_ms,
        leaks=evidence.leaks,
        tag=tag,
        commit=commit,
    )
    with durable.new_folder(registry / MODELS / version) as folder:
        _fill(folder, candidate, asdict(entry))
        shutil.copyfile(candidate.bento, folder / BENTO)
        write_holdout(folder / _HOLDOUT, holdout)
        check_files(folder, entry)
    return entry


def keep_rejected(registry: Path, candidate: Candidate, decision: Decision) -> Path:
    """Keep a candidate that did not pass, with the reasons; give its folder."""
    target = registry / REJECTED / candidate.bundle.version
    with durable.new_folder(target) as folder:
        _fill(folder, candidate, {"checks": [asdict(check) for check in decision.checks]})
    return target


def _fill(folder: Path, candidate: Candidate, record: dict[str, Any]) -> None:
    # Bytes alone: files of DVC's cache may be links and read-only.
    shutil.copytree(candidate.bundle.folder, folder / BUNDLE, copy_function=shutil.copyfile)
    for path in candidate.reports:
        shutil.copyfile(path, folder / path.name)
    write_table(folder / _ANSWERS, candidate.evidence.answers)
    durable.write_json(folder / RECORD, record)
