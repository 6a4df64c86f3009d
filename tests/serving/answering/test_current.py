"""Models that make room for others while they are used."""

from sora.serving.answering.current import Current


class Closable:
    """In place of a model."""

    def __init__(self) -> None:
        self.is_closed = False

    def close(self) -> None:
        assert not self.is_closed
        self.is_closed = True


def test_a_model_lasts_until_the_last_that_began_with_it_has_ended():
    old, new = Closable(), Closable()
    current = Current(old)
    with current.used() as first:
        with current.used() as second:
            current.replace(new)
            with current.used() as third:
                assert (first, second, third) == (old, old, new)
        current.close_unused()
        assert not old.is_closed
    current.close_unused()
    current.close_unused()
    assert (old.is_closed, new.is_closed) == (True, False)


def test_it_is_released_by_what_fails():
    old = Closable()
    current = Current(old)
    try:
        with current.used():
            raise ValueError
    except ValueError:
        current.replace(Closable())
    current.close_unused()
    assert old.is_closed


def test_at_the_end_all_are_closed():
    models = [Closable() for _ in range(3)]
    current = Current(models[0])
    with current.used():
        for model in models[1:]:
            current.replace(model)
        current.close()
    assert [model.is_closed for model in models] == [True] * 3
