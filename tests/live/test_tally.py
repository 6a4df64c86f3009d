import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sora.live.tally import Delays


@given(st.lists(st.integers(0, 400), min_size=1), st.sampled_from([0.5, 0.95, 1.0]))
def test_quantiles_are_those_of_all_delays(values: list[int], share: float):
    delays = Delays()
    for value in values:
        delays.add(value + 0.2)
    assert delays.number == len(values)
    assert delays.quantile(share) == np.quantile(values, share, method="inverted_cdf")


def test_no_delays_are_no_delay():
    assert Delays().quantile(0.95) == 0
