"""What lies beside this code, in a Bento and in a checkout alike."""

from dataclasses import dataclass
from pathlib import Path

_SOURCE = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Assets:
    """Files that the service needs.

    Attributes:
        bundle: folder of the model.
        policy: of moderation.
        index: of videos that can be found; it may be missing.
    """

    bundle: Path = _SOURCE / "models" / "sora"
    policy: Path = _SOURCE / "models" / "policy.yaml"
    index: Path = _SOURCE / "models" / "search.db"
