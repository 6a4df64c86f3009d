import numpy as np
import pytest

from sora.evaluation.embedding_map import embedding_map


def clusters(per_cluster):
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(3, 1, 16)) + rng.normal(0, 0.05, (3, per_cluster, 16))
    embeddings = vectors.reshape(-1, 16).astype(np.float32)
    return embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)


@pytest.mark.parametrize(("per_cluster", "method"), [(4, "principal components"), (20, "t-SNE")])
def test_videos_of_a_kind_lie_together_and_the_same_bytes_come_again(per_cluster, method):
    embeddings = clusters(per_cluster)
    places, found = embedding_map(embeddings)
    assert found == method
    assert places.shape == (len(embeddings), 2)
    assert embedding_map(embeddings)[0].tobytes() == places.tobytes()
    middles = places.reshape(3, per_cluster, 2).mean(axis=1)
    nearest = np.linalg.norm(places[:, None] - middles, axis=2).argmin(axis=1)
    np.testing.assert_array_equal(nearest, np.repeat(np.arange(3), per_cluster))


@pytest.mark.parametrize("num_videos", [1, 2, 40])
def test_few_videos_and_equal_ones_have_a_place(num_videos):
    places, method = embedding_map(np.ones((num_videos, 8), np.float32))
    np.testing.assert_array_equal(places, np.zeros((num_videos, 2)))
    assert method == "principal components"


def test_two_videos_lie_on_a_line_at_their_distance():
    places, _ = embedding_map(np.array([[0.6, 0.8], [0.8, 0.6]], np.float32))
    assert np.linalg.norm(places[0] - places[1]) == pytest.approx(0.2 * np.sqrt(2))
    np.testing.assert_allclose(places[:, 1], 0, atol=1e-9)
