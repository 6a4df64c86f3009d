import keras
import numpy as np
import pytest
from bundles import tiny_backbone, tiny_head
from hypothesis import given
from hypothesis import strategies as st

from sora.compression.sparsity import (
    GradualPruning,
    kernel_sizes,
    prune_weights,
    scheduled_share,
    smallest_masked,
    sparsity_by_layer,
)
from sora.errors import SoraError


def test_the_smallest_weights_of_every_kernel_go_and_nothing_else():
    network = tiny_head()
    before = [weight.copy() for weight in network.get_weights()]
    pruned = prune_weights(network, 0.4)
    assert sparsity_by_layer(pruned) == pytest.approx({"embedding": 0.4, "probabilities": 0.4})
    kernel, after = (model.get_layer("embedding").get_weights()[0] for model in (network, pruned))
    gone = after == 0
    np.testing.assert_array_equal(after[~gone], kernel[~gone])
    assert np.abs(kernel[gone]).max() < np.abs(kernel[~gone]).min()
    for weight, same in zip(network.get_weights(), before, strict=True):
        np.testing.assert_array_equal(weight, same)


def test_sizes_count_zeros_too():
    assert kernel_sizes(prune_weights(tiny_backbone(), 0.5)) == {"convolution": 5 * 5 * 3 * 8}


@pytest.mark.parametrize("share", [-0.1, 1.0])
def test_a_share_that_leaves_nothing_is_refused(share):
    with pytest.raises(SoraError, match="less than 1"):
        prune_weights(tiny_backbone(), share)


def test_a_network_without_kernels_is_refused():
    images = keras.Input((4, 4, 3))
    network = keras.Model(images, keras.layers.GlobalAveragePooling2D()(images), name="mean")
    with pytest.raises(SoraError, match="mean: no convolution or dense layer"):
        prune_weights(network, 0.5)


@given(st.integers(1, 40), st.floats(0, 1))
def test_masks_have_exactly_the_share_even_of_equal_values(size, share):
    mask = smallest_masked(np.ones(size, np.float32), share)
    assert (mask == 0).sum() == round(share * size)


def test_the_schedule_is_that_of_zhu_and_gupta():
    shares = [scheduled_share(step, 10, 0.2, 0.8) for step in (0, 5, 10, 20)]
    assert shares == pytest.approx([0.2, 0.8 - 0.6 / 8, 0.8, 0.8])


@given(st.integers(1, 50), st.floats(0, 1), st.floats(0, 1))
def test_the_schedule_never_goes_back(num_steps, one, other):
    start, end = sorted((one, other))
    shares = [scheduled_share(step, num_steps, start, end) for step in range(num_steps + 2)]
    assert shares == sorted(shares)
    assert shares[-1] == pytest.approx(end)


def test_masks_hold_while_the_network_is_trained():
    network = prune_weights(tiny_backbone(), 0.2)
    kernel = network.get_layer("convolution").kernel
    zeros = np.asarray(kernel) == 0
    pruning = GradualPruning(network, 0.6, num_steps=4, every=2)
    shares = []
    for step in range(1, 6):
        kernel.assign_add(np.full(kernel.shape, 1e-3, np.float32))  # what an optimizer would do
        pruning.after_step(step)
        shares.append(sparsity_by_layer(network)["convolution"])
    assert shares == pytest.approx([0.2, 0.55, 0.55, 0.6, 0.6], abs=1e-3)
    assert (np.asarray(kernel)[zeros] == 0).all()
