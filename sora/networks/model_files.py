"""A Keras model as a folder: ``config.json`` and ``weights.npz``, equal bytes for equal models.

Keras' own ``.keras`` files hold dates, and loading one can run code that it names. Here only the classes
listed below are ever built, and arrays are read without pickle.
"""

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np

from sora import atomic
from sora.errors import SoraError
from sora.networks.clip_layers import FrameDifferences, TemporalConvolution
from sora.networks.layers import PositionEmbedding, Standardise, TimeStatistics
from sora.networks.pixel_convention import PixelConvention
from sora.networks.temperature import Temperature

_CONFIG, _WEIGHTS = "config.json", "weights.npz"

_OWN_LAYERS = {
    layer.__name__: layer
    for layer in (
        FrameDifferences,
        PixelConvention,
        PositionEmbedding,
        Standardise,
        Temperature,
        TemporalConvolution,
        TimeStatistics,
    )
}
_KNOWN_CLASSES = {
    "keras": {"DTypePolicy"},
    "keras.layers": {
        "Activation",
        "Add",
        "AveragePooling2D",
        "BatchNormalization",
        "Bidirectional",
        "Concatenate",
        "Conv1D",
        "Conv2D",
        "Cropping1D",
        "DepthwiseConv2D",
        "Dense",
        "Dot",
        "Dropout",
        "GRU",
        "GlobalAveragePooling1D",
        "GlobalAveragePooling2D",
        "GlobalMaxPooling1D",
        "GlobalMaxPooling2D",
        "InputLayer",
        "LSTM",
        "LayerNormalization",
        "MaxPooling2D",
        "MultiHeadAttention",
        "Multiply",
        "ReLU",
        "Reshape",
        "SimpleRNN",
        "Softmax",
        "UnitNormalization",
        "ZeroPadding2D",
    },
    "keras.initializers": {"GlorotUniform", "HeNormal", "Ones", "Orthogonal", "Zeros"},
    "keras.regularizers": {"L2"},
    "sora.networks.clip_layers": {"FrameDifferences", "TemporalConvolution"},
    "sora.networks.layers": {"PositionEmbedding", "Standardise", "TimeStatistics"},
    "sora.networks.pixel_convention": {"PixelConvention"},
    "sora.networks.temperature": {"Temperature"},
    None: {"__keras_tensor__"},  # how a config names the output of another layer
}


def save_model(model: keras.Model, folder: str | Path) -> None:
    """Write the structure and the weights of a model, but not the state of its optimizer.

    Raises:
        SoraError: a layer that ``load_model`` would refuse.
    """
    folder = Path(folder)
    structure = model.get_config()
    _require_known_classes(structure, f"model {model.name}")
    config = {"model": structure, "weights": [_name(weight) for weight in model.weights]}
    text = json.dumps(config, indent=1, sort_keys=True, allow_nan=False)
    arrays = io.BytesIO()
    np.savez(arrays, *model.get_weights(), allow_pickle=False)
    atomic.write_bytes(folder / _WEIGHTS, arrays.getvalue())
    atomic.write_text(folder / _CONFIG, text + "\n")


def load_model(folder: str | Path) -> keras.Model:
    """Build the model that ``save_model`` wrote.

    Raises:
        SoraError: a file is missing or damaged, names an unknown class, or does not fit the other.
    """
    folder = Path(folder)
    config = _read_config(folder / _CONFIG)
    _require_known_classes(config["model"], str(folder / _CONFIG))
    model = keras.Model.from_config(config["model"], custom_objects=_OWN_LAYERS)
    weights = _read_weights(folder / _WEIGHTS)
    expected = [(_name(weight), weight.shape) for weight in model.weights]
    found = list(zip(config["weights"], (array.shape for array in weights), strict=False))
    if found != expected or len(weights) != len(expected):
        raise SoraError(f"{folder / _WEIGHTS}: the arrays do not fit {_CONFIG}; train the model again")
    model.set_weights(weights)
    return model


def _name(weight: keras.Variable) -> str:
    """Name a weight within its layer; Keras forgets what is around a wrapped layer when it loads one."""
    return "/".join(weight.path.split("/")[-2:])


def _read_config(path: Path) -> dict[str, Any]:
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SoraError(f"{path}: cannot be read ({error}); train the model again") from error
    if not isinstance(config, dict) or set(config) != {"model", "weights"}:
        raise SoraError(f"{path}: expected the keys model and weights; train the model again")
    return config


def _read_weights(path: Path) -> list[np.ndarray]:
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as arrays:
            return [arrays[f"arr_{i}"] for i in range(len(arrays.files))]
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise SoraError(f"{path}: cannot be read ({error}); train the model again") from error


def _require_known_classes(config: Any, source: str) -> None:
    for described in _objects(config):
        module, name = described.get("module"), described["class_name"]
        if name not in _KNOWN_CLASSES.get(module, ()):
            raise SoraError(f"{source}: {module}.{name} is not among the classes that a Sora model may hold")


def _objects(config: Any) -> Iterator[dict[str, Any]]:
    """Yield every description of an object that Keras would build, at any depth."""
    if isinstance(config, dict):
        if "class_name" in config:
            yield config
        config = list(config.values())
    if isinstance(config, list | tuple):
        for value in config:
            yield from _objects(value)
