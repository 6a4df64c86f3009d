"""Exported networks as plain functions, on the runtime that their file is for; one thread each."""

import functools
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from sora.errors import SoraError
from sora.frames.inputs import NetworkInput
from sora.quiet import silent_stderr

if TYPE_CHECKING:
    import onnxruntime

WHOLE_CLIP = "clip"  # name of the first axis of an .onnx network that looks at all frames of a clip together
Backbone: TypeAlias = Callable[[np.ndarray], np.ndarray]
Head: TypeAlias = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]


def load_backbone(path: Path) -> Backbone:
    """Load the network of single frames, .onnx or .tflite, on one thread.

    The callable takes normalised RGB images, float32 (T, S, S, 3), and gives features, float32 (T, F).

    Raises:
        SoraError: the file cannot be loaded.
    """
    path = Path(path)
    return _onnx_backbone(path) if path.suffix == ".onnx" else _litert_backbone(path)


@functools.cache
def kept_backbone(path: Path) -> Backbone:
    """Load a backbone once for all the videos that this process sees."""
    return load_backbone(path)


@functools.cache
def kept_head(path: Path) -> Head:
    """Load a head once for all the videos that this process sees."""
    return load_head(path)


def segment_features(given: NetworkInput, backbone: Backbone) -> np.ndarray:
    """Return all features of a video, float32 (T, F): the backbone's of each stream, then the descriptors."""
    return np.concatenate([*map(backbone, given.images), given.descriptors], axis=1)


def load_head(path: Path) -> Head:
    """Load the .tflite network over a whole video, on one thread; its first output are the probabilities.

    The conversion keeps the order of a model's outputs and loses their names, and nothing in the numbers of
    a network for several labels would tell which is which.

    The callable takes features, float32 (T, F), and gives probabilities, float32 (C,) in [0, 1], and an
    embedding, float32 (E,).

    Raises:
        SoraError: the file cannot be loaded, or has not one input and two outputs.
    """
    network = _LiteRT(Path(path))
    found = len(network.input_shapes), network.num_outputs
    if found != (1, 2):
        raise SoraError(
            f"{path}: a head has one input, features, and two outputs, probabilities and embedding; this has "
            f"{found[0]} and {found[1]}"
        )

    expected = network.input_shapes[0][1:]

    def run(features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        if features.shape != expected:
            raise SoraError(
                f"{path}: takes features of shape {expected}, {features.shape} came; it belongs to another "
                "backbone or another InputSpec"
            )
        probabilities, embedding = network.run({0: features[None]})
        return probabilities[0], embedding[0]

    return run


def onnx_session(model: str | bytes) -> "onnxruntime.InferenceSession":
    """Load a network, a file's name or its bytes, on one thread."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def _onnx_backbone(path: Path) -> Backbone:
    try:
        session = onnx_session(str(path))
    except Exception as error:  # its exceptions have no common class but this
        raise SoraError(f"{path}: ONNX Runtime cannot load it ({_one_line(error)})") from error
    given = session.get_inputs()[0]

    def run(images: np.ndarray) -> np.ndarray:
        return session.run(None, {given.name: images})[0]

    if given.shape[0] == WHOLE_CLIP:
        return run
    # The maps of one image stay in the cache of a core: a sixth less time than sixteen at once, same bytes.
    return lambda images: np.concatenate([run(images[i : i + 1]) for i in range(len(images))])


def _litert_backbone(path: Path) -> Backbone:
    network = _LiteRT(path)
    batch_size = network.input_shapes[0][0]  # fixed in the file; that of a clip where frames are not alone

    def run(images: np.ndarray) -> np.ndarray:
        starts = range(0, len(images), batch_size)
        return np.concatenate([network.run({0: images[start : start + batch_size]})[0] for start in starts])

    return run


class _LiteRT:
    """One interpreter behind a lock; inputs and outputs go by their place."""

    def __init__(self, path: Path) -> None:
        from ai_edge_litert.interpreter import Interpreter

        self._path = path
        self._lock = threading.Lock()
        try:
            with silent_stderr():
                self._interpreter = Interpreter(str(path), num_threads=1)
                self._interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            raise SoraError(f"{path}: LiteRT cannot load it ({_one_line(error)})") from error
        self._inputs: list[dict[str, Any]] = self._interpreter.get_input_details()
        self._outputs: list[dict[str, Any]] = self._interpreter.get_output_details()

    @property
    def input_shapes(self) -> list[tuple[int, ...]]:
        return [tuple(int(size) for size in details["shape"]) for details in self._inputs]

    @property
    def num_outputs(self) -> int:
        return len(self._outputs)

    def run(self, arrays: dict[int, np.ndarray]) -> list[np.ndarray]:
        """Take float32 arrays by the place of their input, and give copies of all outputs."""
        with self._lock:
            for place, array in arrays.items():
                self._interpreter.set_tensor(self._inputs[place]["index"], array)
            self._interpreter.invoke()
            return [self._interpreter.get_tensor(details["index"]) for details in self._outputs]


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
