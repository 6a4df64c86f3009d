import numpy as np
import onnxruntime

from sora.networks.onnx_export import export_onnx
from sora.networks.subpixel import subpixel_network


def test_it_adds_nothing_at_first_and_onnx_equals_keras_at_any_size(tmp_path):
    network = subpixel_network((6, 5))
    random = np.random.default_rng(0)
    luma = random.random((2, 20, 31, 1), np.float32)
    assert np.abs(network(luma)).max() == 0
    network.set_weights([random.normal(0, 0.3, one.shape) for one in network.get_weights()])
    export_onnx(network, tmp_path / "network.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "network.onnx", providers=["CPUExecutionProvider"])
    (received,) = session.run(None, {"luma": luma})
    assert received.shape == (2, 12, 23, 4)
    np.testing.assert_allclose(received, network(luma), atol=1e-5)
