"""The versions that a registry keeps: a folder each, written once, never changed."""

import hashlib
import json
import shutil
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from sora.bundle import read_bundle
from sora.errors import SoraError
from sora.provenance import LINEAGE
from sora.registry.pointer import Pointer, now

MODELS, REJECTED = "models", "rejected"
RECORD, BUNDLE, BENTO = "record.json", "bundle", "sora-video.bento"
_LEFTOVERS = ".tmp-*"  # of sora.atomic and of removals, where a process was killed


@dataclass(frozen=True)
class Entry:
    """A version that is kept.

    Attributes:
        version: its name, and its folder's.
        bundle_version: of its bundle.
        bento_sha256: checksum of its Bento.
        holdout: SHA-256 of the held-out videos that it was judged on.
        accuracy: on them, in [0, 1].
        latency_ms: median time a video takes.
        leaks: see ``sora.registry.gate.Evidence``.
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
    return sorted(path.parent.name for path in (registry / MODELS).glob(f"[!.]*/{RECORD}"))


def read_entry(registry: Path, version: str) -> Entry:
    """Return what is recorded of a version.

    Raises:
        SoraError: it is not kept, or its record is damaged.
    """
    path = registry / MODELS / version / RECORD
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        return Entry(**{**values, "leaks": tuple(values["leaks"])})
    except FileNotFoundError as error:
        kept = ", ".join(versions(registry)) or "none"
        raise SoraError(f"version {version} is not kept in {registry / MODELS}; there are: {kept}") from error
    except (ValueError, TypeError, KeyError) as error:
        raise SoraError(f"{path}: is damaged ({error}); restore it from a copy") from error


def check_files(folder: Path, entry: Entry) -> None:
    """Raise SoraError where the bundle or the Bento in the folder of a version is not what was recorded."""
    bundle = read_bundle(folder / BUNDLE)
    whole = (folder / BENTO).is_file() and file_sha256(folder / BENTO) == entry.bento_sha256
    if bundle.version != entry.bundle_version or not whole:
        raise SoraError(
            f"{folder}: is not what {RECORD} says; restore it from a copy, or take another version"
        )


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


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def remove_all_but(folder: Path, kept: Collection[str]) -> None:
    """Remove every other version in a folder of versions."""
    for path in [path for path in folder.glob("[!.]*") if path.name not in kept]:
        away = path.with_name(f".tmp-{path.name}")
        path.rename(away)  # gone at once, so that nobody finds half of it
        shutil.rmtree(away)


def remove_leftovers(registry: Path) -> None:
    """Remove what killed processes left half-done."""
    for folder in (registry, *(registry / name for name in (MODELS, REJECTED, LINEAGE))):
        for path in folder.glob(_LEFTOVERS):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
