from pathlib import Path

import pytest

from sora.errors import SoraError
from sora.source import LabelledVideo, list_videos


def touch(root: Path, *names: str) -> Path:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return root


def labels(root: Path, text: str, encoding: str = "utf-8") -> Path:
    touch(root, "a.mp4", "b.mp4", "c d/é.mp4")
    (root / "labels.csv").write_text(text, encoding=encoding)
    return root


def test_class_folders(tmp_path: Path):
    touch(tmp_path, "run/b.MP4", "run/sub/a.avi", "run/notes.txt", "jump/x.mov", ".dvc/y.mp4", "readme.mp4")
    assert list_videos(tmp_path) == [
        LabelledVideo("jump/x.mov", "jump", "jump/x.mov"),
        LabelledVideo("run/b.MP4", "run", "run/b.MP4"),
        LabelledVideo("run/sub/a.avi", "run", "run/sub/a.avi"),
    ]


def test_labels_csv_with_groups_and_splits(tmp_path: Path):
    text = "path,label,group,part\nc d/é.mp4, run ,g1,test\na.mp4,jump,,train\nb.mp4,NA,g1,val\n"
    assert list_videos(labels(tmp_path, text, "utf-8-sig"), "part") == [
        LabelledVideo("a.mp4", "jump", "a.mp4", "train"),
        LabelledVideo("b.mp4", "NA", "g1", "val"),
        LabelledVideo("c d/é.mp4", "run", "g1", "test"),
    ]
    assert {video.split for video in list_videos(tmp_path)} == {""}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("path,kind\na.mp4,run\n", "has no column 'label'; it has path, kind"),
        ("path,label\na.mp4,run\nz.mp4,jump\n", "line 3: there is no file 'z.mp4' in "),
        ("path,label\n,run\n", "line 2: there is no file '' in "),
        ("path,label\na.mp4,run\nb.mp4, \n", "line 3: b.mp4 has no label"),
        ("path,label\na.mp4,run\nb.mp4,jump\na.mp4,jump\n", "a.mp4 is listed more than once"),
        ("path,label\na.mp4,run\n./a.mp4,jump\n", "a.mp4 is listed more than once"),
        ("path,label\na.mp4,run\nb.mp4,run\n", "has the label 'run' only; at least two labels are needed"),
        ("path,label\n", "holds no videos"),
        ("", "has no column 'path'; it has none"),
        ("path,label\na.mp4,run,x,y\nb.mp4,jump\n", "line 2: has more cells than the 2 columns"),
        ("path,label\n\n\na.mp4,run\n\nz.mp4,jump\n", "line 6: there is no file 'z.mp4' in "),
        ('path,label\n"a.mp4,run\n', "is not a CSV table in UTF-8: unexpected end of data"),
    ],
)
def test_errors_of_labels_csv(tmp_path: Path, text: str, message: str):
    with pytest.raises(SoraError) as caught:
        list_videos(labels(tmp_path, text))
    assert message in str(caught.value)
    assert str(tmp_path) in str(caught.value)
    assert "\n" not in str(caught.value).strip()


def test_a_row_that_is_too_short_has_no_label(tmp_path: Path):
    with pytest.raises(SoraError, match=r"line 3: b.mp4 has no label"):
        list_videos(labels(tmp_path, "path,label\na.mp4,run\nb.mp4\n"))


def test_errors_of_the_split_column(tmp_path: Path):
    labels(tmp_path, "path,label,part\na.mp4,run,train\nb.mp4,jump,dev\n")
    with pytest.raises(SoraError, match="line 3: part is 'dev', expected train, val, test"):
        list_videos(tmp_path, "part")
    with pytest.raises(SoraError, match="has no column 'fold'; it has path, label, part"):
        list_videos(tmp_path, "fold")
    (tmp_path / "labels.csv").unlink()
    with pytest.raises(SoraError, match=r"ingest.split_column is 'part' but .* has no labels.csv"):
        list_videos(tmp_path, "part")


def test_errors_of_folders_and_encoding(tmp_path: Path):
    with pytest.raises(SoraError, match=r"ingest.source: there is no folder .*none"):
        list_videos(tmp_path / "none")
    with pytest.raises(SoraError, match=r"holds no videos \(.3gp, "):
        list_videos(tmp_path)
    touch(tmp_path / "x", "run/a.mp4", "jump/notes.txt")
    with pytest.raises(SoraError, match="jump is a label without videos; add some or remove the folder"):
        list_videos(tmp_path / "x")
    with pytest.raises(SoraError, match="is not a CSV table in UTF-8"):
        list_videos(labels(tmp_path / "y", "path,label\nc d/é.mp4,run\n", "latin-1"))
