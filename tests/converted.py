"""What LiteRT makes of a Keras network, beside what Keras makes of it."""

import keras
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter

from sora.compression.quantization import to_litert


def litert_outputs(content: bytes, batch: np.ndarray) -> list[np.ndarray]:
    """Run a file of one input; its outputs come in the order of the Keras model."""
    interpreter = Interpreter(model_content=content)
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], batch)
    interpreter.invoke()
    return [interpreter.get_tensor(detail["index"]) for detail in interpreter.get_output_details()]


def foreign_operators(content: bytes) -> list[str]:
    """Name the operators that are not LiteRT's own: TensorFlow's ("Flex...") and custom ones."""
    model = schema.Model.GetRootAsModel(content, 0)
    codes = [model.OperatorCodes(i) for i in range(model.OperatorCodesLength())]
    assert codes
    return [
        code.CustomCode().decode() for code in codes if code.BuiltinCode() == schema.BuiltinOperator.CUSTOM
    ]


def assert_converts(model: keras.Model, batch: np.ndarray, tolerance: float = 1e-5) -> None:
    """Check that the float32 file has built-in operators only and gives what Keras gives for ``batch``."""
    content = to_litert(model, "float32", batch_size=len(batch))
    assert foreign_operators(content) == []
    expected = model(batch, training=False)
    expected = expected if isinstance(expected, list) else [expected]
    for found, wanted in zip(litert_outputs(content, batch), expected, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=tolerance, atol=tolerance)
