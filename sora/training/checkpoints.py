"""The state of an unfinished fit as one file, from which the same fit goes on as if nothing had happened."""

import hashlib
import io
import json
import zipfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeAlias

import keras
import numpy as np
import tensorflow as tf

from sora import atomic
from sora.errors import SoraError
from sora.training.epochs import Batches
from sora.training.plan import TrainingPlan

Row: TypeAlias = dict[str, Any]

_GROUPS = ("weights", "optimizer", "best")


@dataclass(frozen=True)
class FitState:
    """A fit after some epochs. What is random follows from the seed and the epoch, so nothing of it is here.

    Attributes:
        rows: one for each epoch that is over; schedule and early stopping follow from them.
        weights: of all variables of the trained layers.
        optimizer: its variables.
        best: the weights after the best epoch; empty without validation.
    """

    rows: list[Row]
    weights: list[np.ndarray]
    optimizer: list[np.ndarray]
    best: list[np.ndarray]


@dataclass(frozen=True)
class Checkpoint:
    """A file that holds the last state of the fit that ``fingerprint`` tells from any other."""

    path: Path
    fingerprint: str

    def save(self, state: FitState) -> None:
        """Replace the file by one with this state, at once."""
        header = json.dumps({"fingerprint": self.fingerprint, "rows": state.rows})
        named = {f"{group}{i}": a for group in _GROUPS for i, a in enumerate(getattr(state, group))}
        data = io.BytesIO()
        np.savez(data, allow_pickle=False, header=np.array(header), **named)
        atomic.write_bytes(self.path, data.getvalue())

    def load(self) -> FitState | None:
        """Return the last state, or none where there is no file or it is of another fit.

        Raises:
            SoraError: the file is damaged.
        """
        if not self.path.exists():
            return None
        try:
            with np.load(self.path, allow_pickle=False) as arrays:
                header = json.loads(str(arrays["header"]))
                if header["fingerprint"] != self.fingerprint:
                    return None
                groups = {group: _numbered(arrays, group) for group in _GROUPS}
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            raise SoraError(f"{self.path}: this checkpoint cannot be read ({error}); remove it") from error
        return FitState(rows=header["rows"], **groups)


def fit_fingerprint(
    model: keras.Model,
    plan: TrainingPlan,
    num_epochs: int,
    videos: Sequence[Batches | None],
    known_losses: Sequence[float] = (),
) -> str:
    """Return a hash of all that decides a fit: libraries, plan, network, first weights and videos.

    ``known_losses`` are those of a search that a refit follows.
    """
    versions = [keras.__version__, tf.__version__]
    described = [versions, asdict(plan), num_epochs, model.get_config(), list(known_losses)]
    digest = hashlib.sha256(json.dumps(described, sort_keys=True).encode())
    for array in model.get_weights():
        _add(digest, array)
    for part in videos:
        for array in [*part.inputs, *part.targets, part.weights] if part else []:
            _add(digest, array)
    return digest.hexdigest()


def _add(digest: Any, array: np.ndarray) -> None:
    digest.update(f"{array.dtype}{array.shape}".encode())
    digest.update(np.ascontiguousarray(array).data)


def _numbered(arrays: Any, group: str) -> list[np.ndarray]:
    num = sum(name.rstrip("0123456789") == group for name in arrays.files)
    return [arrays[f"{group}{i}"] for i in range(num)]
