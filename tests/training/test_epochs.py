import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from toy_videos import plan

from sora.training.epochs import Batches, balanced_weights, epoch_batches


def numbered(num_videos):
    ids = np.arange(num_videos, dtype=np.float32)
    targets = np.eye(2, dtype=np.float32)[np.arange(num_videos) % 2]
    return Batches([np.stack([ids, -ids], axis=1)], [targets], ids + 1)


@given(st.integers(2, 40), st.integers(0, 5), st.integers(2, 9))
def test_an_epoch_sees_each_video_once_but_never_one_alone(num_videos, epoch, batch_size):
    batches = epoch_batches(numbered(num_videos), plan(batch_size=batch_size), epoch)
    ids = batches.inputs[0][:, 0]
    is_cut = num_videos % batch_size == 1
    assert len(ids) == len(set(ids)) == num_videos - is_cut
    np.testing.assert_array_equal(batches.weights, ids + 1)
    np.testing.assert_array_equal(batches.targets[0].argmax(axis=1), ids % 2)


def test_the_order_follows_from_seed_and_epoch():
    def order(seed, epoch):
        return epoch_batches(numbered(20), plan(seed=seed), epoch).inputs[0][:, 0].tolist()

    assert order(0, 1) == order(0, 1)
    assert len({tuple(order(seed, epoch)) for seed in (0, 1) for epoch in (0, 1, 2)}) == 6


@pytest.mark.parametrize("alpha", [0.2, 1.0])
def test_mixup_mixes_inputs_and_targets_by_the_same_share(alpha):
    videos = numbered(200)
    one_hot = Batches([np.eye(200, dtype=np.float32)], [np.eye(200, dtype=np.float32)], videos.weights)
    mixed = epoch_batches(one_hot, plan(mixup=alpha, batch_size=200), 0)
    np.testing.assert_allclose(mixed.inputs[0].sum(axis=1), 1, atol=1e-6)
    np.testing.assert_array_equal(mixed.inputs[0], mixed.targets[0])
    assert ((mixed.inputs[0] > 0).sum(axis=1) == 2).mean() > 0.8
    np.testing.assert_array_equal(
        mixed.inputs[0], epoch_batches(one_hot, plan(mixup=alpha, batch_size=200), 0).inputs[0]
    )


def test_balanced_labels_weigh_the_same():
    targets = np.eye(2)[[0, 0, 0, 1]]
    weights = balanced_weights(targets)
    np.testing.assert_allclose(weights, [2 / 3, 2 / 3, 2 / 3, 2])
    np.testing.assert_allclose(weights @ targets, [2, 2])


def test_weights_of_several_labels_are_their_mean_and_one_without_any():
    weights = balanced_weights(np.array([[1, 0, 0], [1, 1, 0], [0, 0, 0]], np.float32))
    np.testing.assert_allclose(weights, [0.75, (0.75 + 1.5) / 2, 1])
