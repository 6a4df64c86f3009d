import math
from pathlib import Path

import pytest

from sora.apps.recommend.history import Watch, read_history
from sora.errors import SoraError


def written(folder: Path, text: str) -> Path:
    path = folder / "history.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_reads_times_of_both_kinds_and_what_is_optional(tmp_path):
    rows = (
        "\ufeffwhere,video,user,time,rating,completion\n"
        "tv,a.mp4,Ann,1970-01-02,5,\n"
        'phone,"b, too.mp4",Bob,1970-01-01T02:00:00+01:00,,0.25\n'
        "tv,a.mp4,Ann,90.5,,\n"
    )
    first, second, third = read_history(written(tmp_path, rows))
    assert (first.user, first.video, first.time_seconds, first.rating) == ("Ann", "a.mp4", 86400, 5)
    assert (second.video, second.time_seconds, second.completion) == ("b, too.mp4", 3600, 0.25)
    assert third.time_seconds == 90.5
    assert math.isnan(first.completion)
    assert math.isnan(second.rating)


def test_columns_may_be_as_few_as_three(tmp_path):
    (watch,) = read_history(written(tmp_path, "user,video,time\nann,a,5\n"))
    assert (watch.user, watch.video, watch.time_seconds) == ("ann", "a", 5.0)
    assert isinstance(watch, Watch)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1: columns user, video, time expected, time, user, video missing"),
        ("user,video\na,b\n", "line 1: columns user, video, time expected, time missing"),
        ("user,video,time\na,b,1\na,b,soon\n", "line 3: time: .* got 'soon'"),
        ("user,video,time\na,b,nan\n", "line 2: time: .* got 'nan'"),
        ("user,video,time\na,b\n", "line 2: as many values as columns expected"),
        ("user,video,time\na,b,1,2\n", "line 2: as many values as columns expected"),
        ("user,video,time\n ,b,1\n", "line 2: user is empty"),
        ("user,video,time,rating\na,b,1,6\n", "line 2: rating: a number from 1 to 5 .* got '6'"),
        ("user,video,time,completion\na,b,1,nan\n", "line 2: completion: a number from 0 to 1 .* 'nan'"),
        ('user,video,time\na,"b,1\n', "line 2: unexpected end of data"),
    ],
)
def test_a_fault_is_told_with_its_line(tmp_path, text: str, message: str):
    with pytest.raises(SoraError, match=rf"history\.csv, {message}"):
        read_history(written(tmp_path, text))


def test_what_is_no_text_is_told(tmp_path):
    with pytest.raises(SoraError, match="cannot be read"):
        read_history(tmp_path / "missing.csv")
    (tmp_path / "history.csv").write_bytes(b"user,video,time\n\xff\xfe,b,1\n")
    with pytest.raises(SoraError, match="is not UTF-8"):
        read_history(tmp_path / "history.csv")
