"""The versions that a registry keeps: a folder each, written once, never changed."""

import json
import shutil
from collections.abc import Collection
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sora.bundle import read_bundle
from sora.errors import SoraError
from sora.manifest import read_table, write_table
from sora.registry import durable
from sora.registry.candidate import Candidate, file_sha256
from sora.registry.gate import Decision, Evidence
from sora.registry.holdout import Holdout, read_holdout, within, write_holdout
from sora.registry.pointer import Pointer, now

MODELS, REJECTED = "models", "rejected"
BUNDLE, BENTO = "bundle", "sora-video.bento"
LEFTOVERS = ".tmp-*"  # of sora.atomic, where a process was killed
_RECORD, _ANSWERS, _HOLDOUT = "record.json", "answers.csv", "holdout.json"


@dataclass(frozen=True)
class Entry:
    """A version that is kept.

    Attributes:
        version: its name, and its folder's.
        bundle_version: of its bundle.
        bento_sha256: checksum of its Bento.
        holdout: SHA-256 of the held-out videos that it was judged on.
        accuracy: on them.
        latency_ms: median time a video takes.
        leaks: see ``Evidence``.
        tag, commit: of git.
    """

    version: str
    bundle_version: str
    bento_sha256: str
    holdout: str
    accuracy: float
    latency_ms: float
    leaks: tuple[str, ...]
    tag: str
    commit: str


def versions(registry: Path) -> list[str]:
    """Return the names of all versions that are kept."""
    return sorted(path.parent.name for path in (registry / MODELS).glob(f"[!.]*/{_RECORD}"))


def read_entry(registry: Path, version: str) -> Entry:
    """Return what is recorded of a version.

    Raises:
        SoraError: it is not kept, or its record is damaged.
    """
    path = registry / MODELS / version / _RECORD
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        return Entry(**{**values, "leaks": tuple(values["leaks"])})
    except FileNotFoundError as error:
        kept = ", ".join(versions(registry)) or "none"
        raise SoraError(f"version {version} is not kept in {registry / MODELS}; there are: {kept}") from error
    except (ValueError, TypeError, KeyError) as error:
        raise SoraError(f"{path}: is damaged ({error}); restore it from a copy") from error


def check_files(registry: Path, entry: Entry) -> None:
    """Raise SoraError where the bundle or the Bento of a version is not what was written."""
    folder = registry / MODELS / entry.version
    bundle = read_bundle(folder / BUNDLE)
    whole = (folder / BENTO).is_file() and file_sha256(folder / BENTO) == entry.bento_sha256
    if bundle.version != entry.bundle_version or not whole:
        raise SoraError(f"{folder}: is damaged; restore it from a copy, or choose another version")


def read_evidence(registry: Path, entry: Entry) -> tuple[Evidence, Holdout]:
    """Return what is known of a version on all of its test videos, and which of them it was judged on."""
    folder = registry / MODELS / entry.version
    answers = read_table(folder / _ANSWERS)
    return Evidence(entry.version, answers, entry.leaks, entry.latency_ms), read_holdout(folder / _HOLDOUT)


def find_equal(registry: Path, candidate: Candidate, holdout: Holdout) -> Entry | None:
    """Return the version that is kept with the same bundle, the same Bento and the same hold-out."""
    wanted = (candidate.bundle.version, candidate.bento_sha256, holdout.sha256)
    for version in versions(registry):
        entry = read_entry(registry, version)
        if (entry.bundle_version, entry.bento_sha256, entry.holdout) == wanted:
            return entry
    return None


def add_entry(
    registry: Path, candidate: Candidate, holdout: Holdout, *, version: str, tag: str, commit: str
) -> Entry:
    """Keep a candidate, durably, as ``version``; it is seen whole or not at all."""
    evidence = candidate.evidence
    entry = Entry(
        version=version,
        bundle_version=candidate.bundle.version,
        bento_sha256=candidate.bento_sha256,
        holdout=holdout.sha256,
        accuracy=Evidence("", within(evidence.answers, holdout), (), 0.0).accuracy,
        latency_ms=evidence.latency_ms,
        leaks=evidence.leaks,
        tag=tag,
        commit=commit,
    )
    with durable.new_folder(registry / MODELS / version) as folder:
        _fill(folder, candidate, asdict(entry))
        shutil.copyfile(candidate.bento, folder / BENTO)
        write_holdout(folder / _HOLDOUT, holdout)
        if read_bundle(folder / BUNDLE).version != entry.bundle_version:
            raise SoraError(f"{candidate.bundle.folder}: changed while it was copied; promote again")
    return entry


def pointer_to(
    entry: Entry, before: Pointer | None, *, by: str, why: str, checks: tuple[str, ...]
) -> Pointer:
    """Return the pointer that has ``entry`` promoted now, after ``before``."""
    folder = f"{MODELS}/{entry.version}"
    return Pointer(
        serial=before.serial + 1 if before else 1,
        event="promoted",
        version=entry.version,
        bundle_version=entry.bundle_version,
        tag=entry.tag,
        commit=entry.commit,
        bundle=f"{folder}/{BUNDLE}",
        bento=f"{folder}/{BENTO}",
        bento_sha256=entry.bento_sha256,
        holdout=entry.holdout,
        accuracy=entry.accuracy,
        previous=before.version if before else "",
        at=now(),
        by=by,
        why=why,
        checks=checks,
    )


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
    durable.write_json(folder / _RECORD, record)


def remove_all_but(folder: Path, kept: Collection[str]) -> None:
    """Remove every other version in a folder of versions."""
    for path in [path for path in folder.glob("[!.]*") if path.name not in kept]:
        away = path.with_name(f".tmp-{path.name}")
        path.rename(away)  # gone at once, so that nobody finds half of it
        shutil.rmtree(away)


def remove_leftovers(registry: Path) -> None:
    """Remove what killed processes left half-done."""
    for folder in (registry, registry / MODELS, registry / REJECTED):
        for path in folder.glob(LEFTOVERS):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
