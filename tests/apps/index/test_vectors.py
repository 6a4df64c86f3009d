import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sora.apps.index.vectors import search_vectors, unit_rows
from sora.errors import SoraError


@given(
    arrays(np.float32, (4, 3), elements=st.floats(0.125, 8, width=32)),
    arrays(np.float32, (4, 2), elements=st.floats(0.0625, 1, width=32)),
)
def test_similarity_is_the_mean_of_what_it_looks_like_and_what_it_is_taken_for(embeddings, probabilities):
    vectors = search_vectors(embeddings, probabilities)
    looks, roots = unit_rows(embeddings), unit_rows(np.sqrt(probabilities))
    np.testing.assert_allclose(vectors @ vectors.T, (looks @ looks.T + roots @ roots.T) / 2, atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    assert vectors.dtype == np.float32
    np.testing.assert_array_equal(unit_rows(vectors), vectors)  # else an index would change each time


@pytest.mark.parametrize("wrong", [0.0, np.nan, np.inf])
def test_a_vector_without_direction_is_refused(wrong: float):
    with pytest.raises(SoraError, match=r"1 of 2 are not, the first is row 1"):
        unit_rows(np.array([[1.0, 2.0], [wrong, 0.0]]))
