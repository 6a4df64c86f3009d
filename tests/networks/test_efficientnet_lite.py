import numpy as np
import pytest

from sora.errors import SoraError
from sora.networks.efficientnet_lite import (
    _SCALES,
    _scaled_stages,
    efficientnet_lite,
    load_imagenet_weights,
    pretrained_efficientnet_lite,
)
from sora.networks.torch_checkpoint import read_checkpoint
from sora.networks.weights import IMAGENET, imagenet_weights_path
from sora.video.read import read_frames


@pytest.fixture(scope="module")
def checkpoint():
    return read_checkpoint(imagenet_weights_path())


def gradient_image(size):
    """Red grows downwards, green to the right, blue along the diagonal."""
    rows, columns = np.mgrid[0:size, 0:size] / (size - 1)
    rgb = 255 * np.stack([rows, columns, (rows + columns) / 2], axis=-1)
    return ((rgb - 127) / 128).astype(np.float32)


def noise_image(size):
    rgb = np.random.default_rng(0).integers(0, 256, (size, size, 3))
    return ((rgb - 127) / 128).astype(np.float32)


# Of an independent port that agrees with PyTorch to 8e-6: classes and largest logits of both images, and the
# first logits of each.
LOGITS = {
    ("efficientnet_lite0", 224): [[21, 818], [5.69739, 4.21750], [-2.43344, 0.15659], [-0.37557, -0.07503]],
    ("efficientnet_lite1", 240): [[23, 818], [5.02317, 5.03835], [-2.09165, 0.33723], [-0.60990, 0.68835]],
    ("efficientnet_lite2", 260): [[539, 499], [6.94370, 5.27427], [-2.46957, 0.00874], [-0.51520, 1.16612]],
}


@pytest.mark.parametrize(("name", "size"), LOGITS)
def test_logits_are_those_of_the_pytorch_model(name, size):
    model = pretrained_efficientnet_lite(name, size, IMAGENET, include_top=True)
    logits = np.asarray(model(np.stack([noise_image(size), gradient_image(size)]), training=False))
    classes, largest, *first = LOGITS[name, size]
    assert logits.argmax(axis=1).tolist() == classes
    np.testing.assert_allclose(logits.max(axis=1), largest, atol=1e-3)
    np.testing.assert_allclose(logits[:, :2], first, atol=1e-3)


@pytest.mark.parametrize(("name", "size"), LOGITS)
def test_a_real_frame_is_named_sensibly(name, size, shared):
    video = shared / "ucf101-6/PullUps/v_PullUps_g21_c01.avi"
    frames = read_frames(video, lambda times: [0], lambda *_: (size, size))
    model = pretrained_efficientnet_lite(name, size, IMAGENET, include_top=True)
    images = ((frames.pixels - 127.0) / 128).astype(np.float32)
    assert int(np.argmax(model(images, training=False))) == 602  # horizontal bar


def test_the_published_scaling_gives_lite1_and_lite2():
    # github.com/tensorflow/tpu, efficientnet_lite_builder.py: repeats and filters after rounding.
    lite1, lite2 = (_scaled_stages(_SCALES[f"efficientnet_{name}"]) for name in ("lite1", "lite2"))
    assert [stage.num_blocks for stage in lite1] == [1, 3, 3, 4, 4, 5, 1]
    assert [stage.num_channels for stage in lite1] == [16, 24, 40, 80, 112, 192, 320]
    assert [stage.num_blocks for stage in lite2] == [1, 3, 3, 4, 4, 5, 1]
    assert [stage.num_channels for stage in lite2] == [16, 24, 48, 88, 120, 208, 352]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"_conv_stem.weight": None}, r"expected an array _conv_stem\.weight"),
        ({"_bn0.bias": np.zeros(31, np.float32)}, r"array _bn0: expected .*\(32,\).* got .*\(31,\)"),
        ({"_blocks.16._se_reduce.weight": np.zeros(1)}, r"_blocks\.16\._se_reduce\.weight"),
    ],
)
def test_another_networks_checkpoint_is_refused(checkpoint, change, message):
    changed = {name: array for name, array in {**checkpoint, **change}.items() if array is not None}
    with pytest.raises(SoraError, match=message):
        load_imagenet_weights(efficientnet_lite("efficientnet_lite0", 64, include_top=False), changed)


def test_a_file_of_another_network_is_named():
    path = imagenet_weights_path("efficientnet_lite1")
    with pytest.raises(SoraError, match=rf"{path.name}: these are not the weights of efficientnet_lite0: "):
        pretrained_efficientnet_lite("efficientnet_lite0", 64, path)


def test_a_damaged_file_is_named(tmp_path):
    path = tmp_path / "cut.pth"
    path.write_bytes(imagenet_weights_path().read_bytes()[:100_000])
    with pytest.raises(SoraError, match=r"cut\.pth: expected a PyTorch checkpoint"):
        pretrained_efficientnet_lite("efficientnet_lite0", 64, path)
