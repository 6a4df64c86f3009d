"""ONNX networks with int8 weights and activations, for ONNX Runtime."""

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from sora.runtimes import WHOLE_CLIP

_ALREADY_PREPARED = {"onnx.quant.pre_process": "onnxruntime.quant"}


def to_onnx_int8(network: Path, samples: Sequence[np.ndarray]) -> bytes:
    """Quantise a network of one input; that and its output stay float32.

    Weights are int8 with a scale for each channel, activations uint8, written as QuantizeLinear and
    DequantizeLinear around each operator. On x86-64 processors without VNNI, ONNX Runtime's sums of these may
    saturate: measure accuracy where the network will run.

    Args:
        network: an .onnx file as ``sora.networks.onnx_export`` writes it.
        samples: arrays of the shape of its input, from which the ranges of activations are taken.

    Raises:
        ValueError: there are no samples.
    """
    if not len(samples):
        raise ValueError("int8 needs samples to take the ranges of activations from")
    import onnx
    from onnxruntime.quantization import QuantFormat, QuantType, quantize_static

    model = onnx.load(network)
    # Our writer folds what the preparation would fold; without the mark, every call logs advice to prepare.
    onnx.helper.set_model_props(model, _ALREADY_PREPARED)
    with tempfile.TemporaryDirectory() as folder:
        quantised = Path(folder) / "int8.onnx"
        quantize_static(
            model,
            quantised,
            _reader(model.graph.input[0].name, samples),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
        )
        return quantised.read_bytes()


def takes_whole_clips(network: Path) -> bool:
    """Return whether an .onnx network looks at all the images of a clip together."""
    import onnx

    axes = onnx.load(network, load_external_data=False).graph.input[0].type.tensor_type.shape.dim
    return axes[0].dim_param == WHOLE_CLIP


def _reader(input_name: str, samples: Sequence[np.ndarray]) -> object:
    from onnxruntime.quantization import CalibrationDataReader

    class Samples(CalibrationDataReader):
        def __init__(self) -> None:
            self._left: Iterator[np.ndarray] = iter(samples)

        def get_next(self) -> dict[str, np.ndarray] | None:
            sample = next(self._left, None)
            return None if sample is None else {input_name: sample}

    return Samples()
