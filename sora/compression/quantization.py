"""Keras networks as LiteRT files: float32, and three ways to make them smaller."""

import logging
import os
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from sora.quiet import silent_stderr

if TYPE_CHECKING:
    import keras

Kind = Literal["float32", "float16", "dynamic", "int8"]


def to_litert(
    model: "keras.Model", kind: Kind, batch_size: int = 1, samples: Sequence[Sequence[np.ndarray]] = ()
) -> bytes:
    """Convert a functional model to LiteRT with a fixed batch and built-in operators.

    Inputs and outputs stay float32 and in the model's order whatever the kind: ``float16`` stores half
    precision weights, ``dynamic`` int8 weights, ``int8`` has int8 weights and activations.

    Args:
        samples: for int8, each one float32 array (batch_size, ...) per input, from which ranges are taken.

    Raises:
        ValueError: int8 without samples.
    """
    if kind == "int8" and not len(samples):
        raise ValueError("int8 needs samples to take the ranges of activations from")
    with silent_stderr():
        converter = _converter(model, batch_size)
        _set_kind(converter, kind, samples)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Statistics for quantized inputs")
            return converter.convert()


def _converter(model: "keras.Model", batch_size: int) -> Any:
    tf = _tensorflow()
    from keras import tree

    def call(*arrays: Any) -> list[Any]:
        return tree.flatten(model(arrays[0] if len(arrays) == 1 else list(arrays), training=False))

    shapes = [(batch_size, *tensor.shape[1:]) for tensor in model.inputs]
    names = [tensor.name for tensor in model.inputs]
    signature = [tf.TensorSpec(shape, tf.float32, name) for shape, name in zip(shapes, names, strict=True)]
    function = tf.function(call).get_concrete_function(*signature)
    # Given the model as a second argument, it leaves the variables unset and the network answers NaN.
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function])
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    return converter


def _set_kind(converter: Any, kind: Kind, samples: Sequence[Sequence[np.ndarray]]) -> None:
    tf = _tensorflow()
    if kind != "float32":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if kind == "float16":
        converter.target_spec.supported_types = [tf.float16]
    if kind == "int8":
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.representative_dataset = lambda: (list(sample) for sample in samples)


def _tensorflow() -> Any:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import tensorflow as tf

    logging.getLogger("absl").setLevel(logging.ERROR)
    return tf
