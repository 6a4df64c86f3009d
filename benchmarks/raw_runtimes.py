"""Each runtime by itself, at its own defaults but for threads: what the serving code is measured against."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np

from sora.quiet import import_tensorflow, silent_stderr

Network = Callable[[np.ndarray], np.ndarray]


def load_raw(runtime: str, path: str, num_threads: int) -> Network:
    """Load a file, or Keras' folder, into its runtime; the function takes and gives one batch."""
    with silent_stderr():
        return _LOADERS[runtime](path, num_threads)


def _tensorflow(path: str, num_threads: int) -> Network:
    """Trace the Keras network."""
    os.environ["TF_NUM_INTRAOP_THREADS"] = str(num_threads)
    os.environ["TF_NUM_INTEROP_THREADS"] = "1"
    import_tensorflow()
    import tensorflow as tf

    from sora.networks.model_files import load_model

    network = load_model(Path(path))
    function = tf.function(lambda images: network(images, training=False))
    return lambda images: function(tf.constant(images)).numpy()


def _litert(path: str, num_threads: int) -> Network:
    """Load a .tflite file."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(path, num_threads=num_threads)
    interpreter.allocate_tensors()
    source, result = interpreter.get_input_details()[0]["index"], interpreter.get_output_details()[0]["index"]

    def run(images: np.ndarray) -> np.ndarray:
        interpreter.set_tensor(source, images)
        interpreter.invoke()
        return interpreter.get_tensor(result)

    return run


def _onnx(path: str, num_threads: int) -> Network:
    """Load an .onnx file into ONNX Runtime."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = num_threads
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return lambda images: session.run(None, {"images": images})[0]


def _openvino(path: str, num_threads: int) -> Network:
    """Load an .onnx file into OpenVINO; float32 throughout, as the others."""
    import openvino

    settings = {"INFERENCE_NUM_THREADS": num_threads, "INFERENCE_PRECISION_HINT": "f32"}
    network = openvino.Core().compile_model(path, "CPU", settings)
    return lambda images: network(images)[0]


_LOADERS = {
    "TensorFlow": _tensorflow,
    "LiteRT": _litert,
    "ONNX Runtime": _onnx,
    "OpenVINO": _openvino,
}
