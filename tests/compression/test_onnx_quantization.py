import logging

import numpy as np
import pytest
from bundles import tiny_backbone

from sora.compression.onnx_quantization import takes_whole_clips, to_onnx_int8
from sora.networks.onnx_export import export_onnx
from sora.runtimes import load_backbone

IMAGES = np.random.default_rng(0).uniform(-1, 1, (8, 64, 64, 3)).astype(np.float32)


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    path = tmp_path_factory.mktemp("onnx") / "tiny.onnx"
    export_onnx(tiny_backbone(), path)
    return path


def test_int8_gives_about_what_keras_gives_and_says_nothing(exported, tmp_path, capfd, caplog):
    handlers = list(logging.getLogger().handlers)
    path = tmp_path / "int8.onnx"
    path.write_bytes(to_onnx_int8(exported, [image[None] for image in IMAGES]))
    features = load_backbone(path)(IMAGES)
    assert features.dtype == np.float32
    np.testing.assert_allclose(features, np.asarray(tiny_backbone()(IMAGES)), atol=3e-2)
    assert not np.array_equal(features, load_backbone(exported)(IMAGES))
    assert capfd.readouterr() == ("", "")
    assert caplog.messages == []
    assert logging.getLogger().handlers == handlers


def test_int8_without_samples_is_refused(exported):
    with pytest.raises(ValueError, match="needs samples"):
        to_onnx_int8(exported, [])


def test_a_network_of_single_images_takes_no_whole_clips(exported):
    assert not takes_whole_clips(exported)
