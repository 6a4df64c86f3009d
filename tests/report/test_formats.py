import pytest

from sora.report.formats import counted, duration, joined, percent, points, significant, size


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (percent(0.9405), "94.0\N{NO-BREAK SPACE}%"),
        (percent(1, 0), "100\N{NO-BREAK SPACE}%"),
        (points(0.0361), "+3.6"),
        (points(-0.03), "\N{MINUS SIGN}3.0"),
        (points(-0.0001), "0.0"),
        (counted(1, "video"), "1 video"),
        (counted(0, "video"), "0 videos"),
        (significant(0.123456), "0.123"),
        (significant(859.67), "860"),
        (significant(12345.6), "12346"),
        (size(13_560_000), "13.6 MB"),
        (size(999), "999 B"),
        (duration(4.2), "4.2 s"),
        (duration(7200), "2 h"),
        (joined(["a", "b", "c"]), "a, b and c"),
        (joined(["a"]), "a"),
        (joined([]), ""),
    ],
)
def test_numbers_are_written_for_people(written, expected):
    assert written == expected
