"""The pointer: one small file that says which version serves. Replacing it is what a promotion is."""

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from sora.errors import SoraError

POINTER = "serving.json"


@dataclass(frozen=True)
class Pointer:
    """Which version serves, and how it came to that; paths are relative to the registry.

    Attributes:
        serial: 1 for the first, one more with each change.
        event: how it came to serve.
        version: in the registry; mostly that of the bundle, with ``-2`` where the same bundle came again.
        bundle_version: what the server calls it.
        tag, commit: of git; ``git checkout`` of the tag and ``dvc repro`` make it again.
        bundle, bento: a folder and a file.
        bento_sha256: checksum of that file.
        holdout: SHA-256 of the held-out videos that it was judged on.
        accuracy: on them, in [0, 1].
        previous: the version that a roll-back leads to; empty where there is none.
        at: ISO 8601 in UTC.
        by, why: who changed it, and the reason given.
        checks: what the gate said, a sentence each.
    """

    serial: int
    event: Literal["promoted", "rolled back"]
    version: str
    bundle_version: str
    tag: str
    commit: str
    bundle: str
    bento: str
    bento_sha256: str
    holdout: str
    accuracy: float
    previous: str
    at: str
    by: str
    why: str
    checks: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {**asdict(self), "checks": list(self.checks)}


def read_pointer(registry: Path) -> Pointer | None:
    """Return what serves; None where nothing was ever promoted.

    Raises:
        SoraError: the file is damaged.
    """
    path = registry / POINTER
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        return Pointer(**{**values, "checks": tuple(values["checks"])})
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, KeyError) as error:
        raise SoraError(f"{path}: is damaged ({error}); restore it, or remove and promote again") from error


def now() -> str:
    """Return the time as records have it: ISO 8601 in UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds")
