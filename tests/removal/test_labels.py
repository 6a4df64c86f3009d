from pathlib import Path

from sora.removal.labels import lines_of, remove_lines

TABLE = (
    'path,label,note\r\nwalk/a.mp4,walk,"two\r\nlines"\r\n\r\n./walk/b.mp4,walk,\r\nhttps://x/c.mp4,jump,\r\n'
)


def test_rows_go_and_all_others_stay_as_they_are_to_the_byte(tmp_path: Path):
    table = tmp_path / "labels.csv"
    table.write_bytes(TABLE.encode())
    lines = lines_of(table, {"walk/b.mp4", "https://x/c.mp4"})
    assert lines == (5, 6)
    remove_lines(table, lines)
    assert table.read_bytes().decode() == TABLE[: TABLE.index("./walk/b.mp4")]
    remove_lines(table, lines_of(table, {"walk/a.mp4"}))
    assert table.read_bytes().decode() == "path,label,note\r\n\r\n"
    assert lines_of(tmp_path / "none.csv", {"walk/a.mp4"}) == ()
