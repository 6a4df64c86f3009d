"""Every network that can be trained runs on LiteRT's own operators and gives there what it gives in Keras."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from converted import assert_converts, foreign_operators
from toy_videos import F, T, classifier, videos

from sora.networks.clip_models import clip_classifier, mean_head, split_for_export
from sora.networks.heads import HEADS
from sora.networks.residual import residual_network
from sora.networks.scaling import Projection
from sora.networks.summaries import SEQUENCES
from sora.training.linear import build_linear
from sora.training.linear_fit import fit_linear
from sora.training.spec import LinearSpec

PX, NUM_FRAMES = 32, 4


def trained(network):
    """Move every weight a little, so that none has a value at which its operator does nothing."""
    rng = np.random.default_rng(0)
    network.set_weights([weight + 0.1 * rng.uniform(-1, 1, weight.shape) for weight in network.get_weights()])
    return network


def one_video():
    return 2 * videos(1).features  # some numbers are beyond the clipping


@pytest.mark.parametrize("head", HEADS)
def test_a_head_with_all_its_outputs(head):
    assert_converts(trained(classifier(head, num_layers=2, per_frame=head in SEQUENCES)), one_video())


def test_a_head_of_several_labels_behind_a_projection():
    rng = np.random.default_rng(0)
    projection = Projection(rng.normal(0, 0.3, (F, 5)).astype(np.float32), np.ones(5, np.float32))
    model = classifier("gru", multi_label=True, per_frame=True, statistics=False, projection=projection)
    assert_converts(trained(model), one_video())


@pytest.mark.parametrize(
    ("fusion", "several_labels"), [("late", False), ("concatenate", False), ("late", True)]
)
def test_a_linear_head(fusion, several_labels):
    train = videos(30)
    fitted, *_ = fit_linear(
        train.features,
        train.targets,
        [str(video) for video in range(30)],
        blocks={"a": [(0, 4), (12, 15)], "b": [(4, 12)], "c": [(15, F)]},
        labels=["x", "y", "z"],
        several_labels=several_labels,
        embedding_size=8,
        plan=LinearSpec(["logistic", "lda", "svm"], [10.0], fusion, 5),
        seed=0,
    )
    assert_converts(build_linear(fitted, T, F), one_video())


@pytest.mark.parametrize("clips", [False, True], ids=["per frame", "(2+1)D clips"])
@pytest.mark.parametrize("fusion", ["concatenate", "gated"])
def test_the_residual_network_end_to_end(fusion, clips):
    keras.utils.set_random_seed(0)
    options = {"num_frames": NUM_FRAMES, "differences": True} if clips else {}
    network = residual_network(image_size_px=PX, widths=(4, 6, 8, 8), fusion=fusion, fused_size=8, **options)
    num_features = network.output.shape[1]
    head = mean_head(
        num_frames=NUM_FRAMES, num_features=num_features, num_classes=3, embedding_size=5, dropout=0.1
    )
    joined = trained(clip_classifier(network, head, NUM_FRAMES, takes_pixels=False))
    images = np.random.default_rng(0).normal(size=(NUM_FRAMES, PX, PX, 3)).astype(np.float32)
    for part, batch in zip(split_for_export(joined), (images, joined_features(joined, images)), strict=True):
        assert_converts(part, batch)


def joined_features(joined, images):
    backbone, _ = split_for_export(joined)
    return np.asarray(backbone(images, training=False))[None]


def test_an_operator_that_is_not_built_in_is_seen():
    function = tf.function(tf.linalg.inv, input_signature=[tf.TensorSpec((2, 2))]).get_concrete_function()
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function])
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS, tf.lite.OpsSet.SELECT_TF_OPS]
    assert foreign_operators(converter.convert()) == ["FlexMatrixInverse"]
