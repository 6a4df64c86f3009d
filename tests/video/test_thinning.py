from hypothesis import given
from hypothesis import strategies as st

from sora.video.thinning import EvenlySpaced


def kept(positions: list[float], capacity: int, first_step: float) -> EvenlySpaced[float]:
    thinned: EvenlySpaced[float] = EvenlySpaced(capacity, first_step)
    for position in positions:
        thinned.add(position, lambda: position)  # noqa: B023 - called at once or never
    return thinned


@given(st.integers(0, 500), st.sampled_from([2, 8, 16]))
def test_every_item_at_a_multiple_of_the_step_is_kept(count: int, capacity: int):
    thinned = kept(list(range(count)), capacity, 1)
    assert thinned.items == list(range(0, count, int(thinned.step)))
    assert len(thinned.items) <= capacity
    assert len(thinned.items) > capacity // 2 or thinned.step == 1


@given(st.lists(st.floats(0, 100), min_size=1, max_size=60))
def test_the_first_item_at_or_after_each_multiple_is_kept(positions: list[float]):
    positions = [0.0, *sorted(positions)]
    thinned = kept(positions, 8, 0.25)
    slack = 1e-5 * thinned.step
    for number, item in enumerate(thinned.items):
        assert item == next(p for p in positions if p + slack >= number * thinned.step)
    assert len(thinned.items) * thinned.step + slack >= positions[-1]


def test_a_jump_in_time_costs_neither_memory_nor_time():
    thinned = kept([0.0, 0.1, 1e12], 32, 1 / 32)
    assert len(thinned.items) <= 32
    assert (thinned.items[0], thinned.items[-1]) == (0.0, 1e12)


def test_what_is_not_kept_is_not_made():
    made = []
    thinned: EvenlySpaced[int] = EvenlySpaced(4, 1)
    for number in range(64):
        thinned.add(number, lambda number=number: made.append(number) or number)
    assert thinned.items == [0, 16, 32, 48]
    assert len(made) < 16
