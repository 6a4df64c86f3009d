import keras
import numpy as np
import pytest
from bundles import tiny_backbone

from sora.errors import SoraError
from sora.explanation.maps import split_backbone
from sora.networks.backbones import frame_feature_network
from sora.networks.onnx_export import export_onnx
from sora.networks.residual import residual_network
from sora.runtimes import load_backbone


def residual():
    return residual_network(
        image_size_px=64, num_blocks=(1, 1, 1), widths=(4, 8, 8), taps=(2, 3), num_frames=4, differences=True
    )


def pretrained():
    return frame_feature_network(
        "efficientnet_lite0", 64, blocks=("stage3", "mean", "max", "quadrants"), weights=None
    )


@pytest.mark.parametrize(
    ("build", "sizes"),
    [
        (tiny_backbone, [(8, 16, 16)]),
        (residual, [(8, 16, 16), (8, 8, 8)]),
        (pretrained, [(40, 8, 8), (1280, 2, 2)]),
    ],
)
def test_both_halves_are_the_network(build, sizes, tmp_path):
    keras.utils.set_random_seed(0)
    path = tmp_path / "network.onnx"
    export_onnx(build(), path)
    images = np.random.default_rng(0).normal(size=(4, 64, 64, 3)).astype(np.float32)
    halves = split_backbone(path)
    maps = halves.maps(images)
    assert sorted(each.shape[1:] for each in maps) == sorted(sizes)
    np.testing.assert_array_equal(halves.features(maps), load_backbone(path)(images))


def test_what_has_no_maps_is_refused(tmp_path):
    with pytest.raises(SoraError, match=r"network\.tflite: maps can be taken from an \.onnx backbone alone"):
        split_backbone(tmp_path / "network.tflite")
    path = tmp_path / "network.onnx"
    path.write_bytes(b"no network")
    with pytest.raises(SoraError, match=r"network\.onnx: cannot be read as ONNX"):
        split_backbone(path)
    images = keras.Input((4, 4, 3), name="images")
    flat = keras.layers.Dense(2)(keras.layers.Reshape((48,))(images))
    export_onnx(keras.Model(images, flat), path)
    with pytest.raises(SoraError, match="pools no map"):
        split_backbone(path)
