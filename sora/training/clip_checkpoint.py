"""The state of a training after an epoch as one file, from which it goes on to the same weights."""

import io
import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from sora import atomic
from sora.errors import SoraError


@dataclass(frozen=True)
class Checkpoint:
    """What a training keeps beside the model: one row per epoch, and the best weights, if there are any."""

    rows: tuple[dict[str, Any], ...] = ()
    best_weights: list[np.ndarray] | None = None


def store_checkpoint(path: Path, model: keras.Model, state: Checkpoint) -> None:
    """Write the weights, the optimizer, the state of dropout and ``state``, atomically."""
    arrays = {f"variable_{i}": np.asarray(variable) for i, variable in enumerate(_variables(model))}
    arrays |= {f"best_{i}": array for i, array in enumerate(state.best_weights or [])}
    content = io.BytesIO()
    np.savez(content, rows=np.array(json.dumps(state.rows)), allow_pickle=False, **arrays)
    atomic.write_bytes(path, content.getvalue())


def restore_checkpoint(path: Path, model: keras.Model) -> Checkpoint:
    """Put a stored state into a compiled model; without a file nothing changes, and no epoch is done.

    Raises:
        SoraError: the file is damaged, or of another model.
    """
    if not path.exists():
        return Checkpoint()
    arrays = _read(path)
    variables = _variables(model)
    found = [arrays.get(f"variable_{i}", np.empty(0)).shape for i in range(len(variables))]
    if found != [tuple(v.shape) for v in variables] or f"variable_{len(variables)}" in arrays:
        raise SoraError(f"{path}: this checkpoint is of another network; delete it and train again")
    for i, variable in enumerate(variables):
        variable.assign(arrays[f"variable_{i}"])
    best = [arrays[f"best_{i}"] for i in range(len(model.weights)) if f"best_{i}" in arrays]
    return Checkpoint(tuple(json.loads(str(arrays["rows"]))), best or None)


def _variables(model: keras.Model) -> list[Any]:
    """List all that training changes: weights, the seeds of dropout, and the optimizer's averages."""
    model.optimizer.build(model.trainable_variables)
    metrics = {id(variable) for variable in model.metrics_variables}
    return [v for v in [*model.variables, *model.optimizer.variables] if id(v) not in metrics]


def _read(path: Path) -> dict[str, np.ndarray]:
    try:
        with np.load(path, allow_pickle=False) as arrays:
            content = {name: arrays[name] for name in arrays.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise SoraError(f"{path}: cannot be read ({error}); delete it and train again") from error
    if "rows" not in content:
        raise SoraError(f"{path}: expected a checkpoint with rows; delete it and train again")
    return content
