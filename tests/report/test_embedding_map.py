from hypothesis import given
from hypothesis import strategies as st

from sora.report.embedding_map import HEIGHT, MAX_COLOURS, WIDTH, embedding_map


def row(label: str, predicted: str, x: float, y: float) -> dict:
    return {"path": f"{label}.mp4", "label": label, "predicted": predicted, "x": x, "y": y}


def test_colours_are_labels_and_mistakes_lie_on_top():
    found = embedding_map([row("b", "a", 0, 0), row("a", "a", 10, 5), row("b", "b", 5, 10)])
    assert list(found.legend) == ["a", "b"]
    assert [(point.colour, point.is_wrong) for point in found.points] == [(0, False), (1, False), (1, True)]
    assert [point.title for point in found.points] == ["a.mp4: a", "b.mp4: b", "b.mp4: b, named a"]
    lowest, highest = found.points[2], found.points[1]
    assert lowest.y > highest.y  # y runs up, as on any map
    assert lowest.x < highest.x


def test_of_many_labels_only_right_and_wrong_are_told_apart():
    rows = [row(f"l{n:02}", f"l{n:02}", n, n) for n in range(MAX_COLOURS + 1)]
    found = embedding_map([*rows, row("l00", "l01", 0, 0)])
    assert list(found.legend) == ["named rightly", "named wrongly"]
    assert [point.colour for point in found.points] == [0] * len(rows) + [1]


@given(st.lists(st.tuples(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6)), min_size=1, max_size=5))
def test_every_point_lies_on_the_map(places):
    found = embedding_map([row("a", "a", x, y) for x, y in places])
    assert all(0 < point.x < WIDTH and 0 < point.y < HEIGHT for point in found.points)


def test_no_video_no_map():
    assert embedding_map([]) is None
