"""The files of one version of the model, as they lie in a Bento and in a checkout alike."""

from dataclasses import dataclass
from pathlib import Path

_SOURCE = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Assets:
    """Where they are.

    Attributes:
        folder: that has them; by default what lies beside this code.
        version: in a registry; empty where it is of none.
    """

    folder: Path = _SOURCE / "models"
    version: str = ""

    @property
    def bundle(self) -> Path:
        """Folder of the networks."""
        return self.folder / "sora"

    @property
    def policy(self) -> Path:
        """Of moderation; it may be missing."""
        return self.folder / "policy.yaml"

    @property
    def index(self) -> Path:
        """Of videos that can be found; it may be missing."""
        return self.folder / "search.db"
