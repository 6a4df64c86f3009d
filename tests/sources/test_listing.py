from pathlib import Path

import fsspec
import pytest

from sora.errors import SoraError
from sora.sources.listing import NOT_A_VIDEO, list_videos
from sora.sources.videos import LabelledVideo, SkippedFile
from sora.video.read import Window

SHA = "ab" * 32


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
    touch(tmp_path, "run/b.MP4", "run/sub/a.avi", "run/notes.txt", "jump/x.mov", ".dvc/y.mp4", "top.mp4")
    touch(tmp_path, "run/.DS_Store", "README.md", "jump/sub/.git/config")
    listing = list_videos(tmp_path)
    assert listing.videos == [
        LabelledVideo("jump/x.mov", "jump", "jump/x.mov"),
        LabelledVideo("run/b.MP4", "run", "run/b.MP4"),
        LabelledVideo("run/sub/a.avi", "run", "run/sub/a.avi"),
    ]
    assert listing.skipped == [
        SkippedFile("run/notes.txt", "run", NOT_A_VIDEO),
        SkippedFile("top.mp4", "", "lies in no label's folder"),
    ]


def test_labels_csv_with_groups_and_splits(tmp_path: Path):
    text = "path,label,group,part\nc d/é.mp4, run ,g1,test\na.mp4,jump,,train\nb.mp4,NA,g1,val\n"
    root = labels(tmp_path, text, "utf-8-sig")
    assert list_videos(root, "part").videos == [
        LabelledVideo("a.mp4", "jump", "a.mp4", "train", attributes={"group": "", "part": "train"}),
        LabelledVideo("b.mp4", "NA", "g1", "val", attributes={"group": "g1", "part": "val"}),
        LabelledVideo("c d/é.mp4", "run", "g1", "test", attributes={"group": "g1", "part": "test"}),
    ]
    assert {video.split for video in list_videos(root).videos} == {""}
    assert [video.group for video in list_videos(root, group_column="label").videos] == ["jump", "NA", "run"]


def test_several_labels_are_sorted_and_each_counts(tmp_path: Path):
    root = labels(tmp_path, "path,label\na.mp4, wave;run ; run\nb.mp4,run;\n")
    assert [video.label for video in list_videos(root).videos] == ["run;wave", "run"]


def test_parts_are_videos_of_their_own_with_the_group_of_their_file(tmp_path: Path):
    rows = ["a.mp4,run,20,", "a.mp4,run,5,10.5", "a.mp4,jump,8,21", "a.mp4,jump,,2", "b.mp4,jump,0,"]
    root = labels(tmp_path, "path,label,start_seconds,end_seconds\n" + "\n".join(rows))
    videos = list_videos(root).videos
    assert [video.path for video in videos] == [
        "a.mp4#t=0,2",
        "a.mp4#t=5,10.5",
        "a.mp4#t=8,21",
        "a.mp4#t=20",
        "b.mp4",
    ]
    assert {video.group for video in videos} == {"a.mp4", "b.mp4"}
    assert videos[1].window == Window(5.0, 10.5)


def test_overlapping_parts_must_share_their_group(tmp_path: Path):
    head = "path,label,start_seconds,end_seconds,group\n"
    with pytest.raises(SoraError, match=r"a.mp4#t=0,9 and a.mp4#t=5,7 overlap, but .* 'g' and 'h'; give"):
        list_videos(labels(tmp_path, head + "a.mp4,run,0,9,g\na.mp4,run,1,2,g\na.mp4,jump,5,7,h\n"))
    root = labels(tmp_path, head + "a.mp4,run,0,9,g\na.mp4,jump,5,7,g\na.mp4,run,9,12,h\n")
    assert len(list_videos(root).videos) == 3


def test_patterns_give_each_match_the_row(tmp_path: Path):
    touch(tmp_path, "run/1.mp4", "run/deep/2.avi", "run/notes.txt", "run/.hidden/3.mp4", "jump/[x].mp4")
    (tmp_path / "labels.csv").write_text("path,label,group\nrun/**,run,\njump/[x].mp4,jump,\n./a*,walk,g\n")
    touch(tmp_path, "a1.mp4", "a2.mp4", "jump/x.mp4")
    listing = list_videos(tmp_path)
    assert [(video.location, video.label, video.group) for video in listing.videos] == [
        ("a1.mp4", "walk", "g"),
        ("a2.mp4", "walk", "g"),
        ("jump/[x].mp4", "jump", "jump/[x].mp4"),
        ("run/1.mp4", "run", "run/1.mp4"),
        ("run/deep/2.avi", "run", "run/deep/2.avi"),
    ]
    assert listing.skipped == [SkippedFile("run/notes.txt", "run", NOT_A_VIDEO)]


def test_urls_and_checksums(tmp_path: Path):
    text = f"path,label,sha256\nhttps://x.org/a.mp4,run,{SHA.upper()}\nmemory://b.mp4,jump,\na.mp4,run,\n"
    videos = list_videos(labels(tmp_path, text)).videos
    url = "https://x.org/a.mp4"
    assert videos[1] == LabelledVideo(url, "run", url, sha256=SHA)
    assert [video.path for video in videos] == ["a.mp4", url, "memory://b.mp4"]


def test_groups_by_a_pattern_where_the_row_has_none(tmp_path: Path):
    touch(tmp_path, "run/v_g01_c1.mp4", "run/v_g02_c1.mp4", "jump/v_g01_c1.mp4")
    pattern = r"_(?P<group>g\d+)_"
    assert [v.group for v in list_videos(tmp_path, group_pattern=pattern).videos] == ["g01", "g01", "g02"]
    (tmp_path / "labels.csv").write_text("path,label,group\nrun/*,run,\njump/v_g01_c1.mp4,jump,mine\n")
    assert [v.group for v in list_videos(tmp_path, group_pattern=pattern).videos] == ["mine", "g01", "g02"]
    touch(tmp_path, "run/other.mp4")
    with pytest.raises(SoraError, match=r"ingest.group_pattern: .* finds no group in run/other.mp4; mend"):
        list_videos(tmp_path, group_pattern=pattern)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("path,kind\na.mp4,run\n", "has no column 'label'; it has path, kind"),
        ("path,label\na.mp4,run\nz.mp4,jump\n", "line 3: there is no file 'z.mp4' in "),
        ("path,label\n,run\n", "line 2: there is no file '' in "),
        ("path,label\na.mp4,run\nb.mp4, \n", "line 3: b.mp4 has no label"),
        ("path,label\na.mp4,run\nb.mp4, ; \n", "line 3: b.mp4 has no label"),
        (
            "path,label\na.mp4,run\nb.mp4,jump\na.mp4,jump\n",
            "line 4: a.mp4 is listed more than once, first in line 2; keep one row (several labels are",
        ),
        ("path,label\na.mp4,run\n./a.mp4,jump\n", "a.mp4 is listed more than once"),
        ("path,label\na.mp4,run\n*.mp4,jump\n", "line 3: a.mp4 is listed more than once"),
        ("path,label\na.mp4,run\n\nz/*.mp4,run\n", "line 4: no video matches the pattern 'z/*.mp4' in "),
        ("path,label\na.mp4,run\nlabels.*,run\n", "line 3: no video matches the pattern 'labels.*' in "),
        ("path,label\na.mp4,run\nb.mp4,run\n", "has the label 'run' only; at least two labels are needed"),
        ("path,label\n", "holds no videos"),
        ("", "has no column 'path'; it has none"),
        ("path,label\na.mp4,run,x,y\nb.mp4,jump\n", "line 2: has more cells than the 2 columns"),
        ("path,label\n\n\na.mp4,run\n\nz.mp4,jump\n", "line 6: there is no file 'z.mp4' in "),
        ('path,label\n"a.mp4,run\n', "is not a CSV table in UTF-8: unexpected end of data"),
        (
            "path,label,start_seconds\na.mp4,run,1:30\n",
            "line 2: start_seconds is '1:30', expected a number of seconds",
        ),
        (
            "path,label,start_seconds\na.mp4,run,-1\n",
            "line 2: start_seconds is '-1', expected a number of seconds",
        ),
        (
            "path,label,end_seconds\na.mp4,run,inf\n",
            "line 2: end_seconds is 'inf', expected a number of seconds",
        ),
        (
            "path,label,start_seconds,end_seconds\na.mp4,run,7,5\n",
            "line 2: end_seconds is 5, expected more than start_seconds, 7",
        ),
        (
            "path,label,start_seconds,end_seconds\na.mp4,run,1,2\na.mp4,jump,1,2.0\n",
            "line 3: a.mp4#t=1,2 is listed more than once, first in line 2",
        ),
        ("path,label,sha256\na.mp4,run,abc\n", "line 2: sha256 is 'abc', expected 64 hexadecimal digits"),
        ("path,label\nhttp://[a.mp4,run\n", "line 2: http://[a.mp4 cannot be fetched: Invalid IPv6 URL"),
        ("path,label\nnone://a.mp4,run\n", "line 2: none://a.mp4 cannot be fetched: Protocol not known"),
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


def test_errors_of_the_split_and_group_columns(tmp_path: Path):
    labels(tmp_path, "path,label,part\na.mp4,run,train\nb.mp4,jump,dev\n")
    with pytest.raises(SoraError, match="line 3: part is 'dev', expected train, val, test"):
        list_videos(tmp_path, "part")
    with pytest.raises(SoraError, match="has no column 'fold'; it has path, label, part"):
        list_videos(tmp_path, "fold")
    with pytest.raises(SoraError, match="has no column 'person'; it has path, label, part"):
        list_videos(tmp_path, group_column="person")
    (tmp_path / "labels.csv").unlink()
    for name in ("split_column", "group_column"):
        with pytest.raises(SoraError, match=rf"ingest.{name} is 'part' but .* has no labels.csv"):
            list_videos(tmp_path, **{name: "part"})


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


def bucket(name: str, files: dict[str, str]) -> str:
    """Fill a folder of fsspec's storage in memory; give its URL."""
    url = f"memory://{name}"
    for path, text in files.items():
        with fsspec.open(f"{url}/{path}", "w", encoding="utf-8") as file:
            file.write(text)
    return url


def test_class_folders_in_object_storage():
    names = ["run/b.mp4", "run/sub/a.avi", "run/notes.txt", "jump/x.mov", ".dvc/y.mp4", "top.mp4"]
    url = bucket("classes", dict.fromkeys(names, "a"))
    listing = list_videos(url)
    assert [(video.path, video.label) for video in listing.videos] == [
        (f"{url}/jump/x.mov", "jump"),
        (f"{url}/run/b.mp4", "run"),
        (f"{url}/run/sub/a.avi", "run"),
    ]
    assert [file.path for file in listing.skipped] == [f"{url}/run/notes.txt", f"{url}/top.mp4"]
    before = {video.path: video.version for video in listing.videos}
    assert all(before.values())
    assert {video.path: video.version for video in list_videos(url).videos} == before
    bucket("classes", {"run/b.mp4": "other"})
    after = {video.path: video.version for video in list_videos(url).videos}
    assert [path for path in after if after[path] != before[path]] == [f"{url}/run/b.mp4"]


def test_a_table_in_object_storage():
    rows = "path,label,group\nwalk/*.mp4,walk,g1\na.mp4,run,\nhttps://x.org/b.mp4,run,\n"
    files = {"labels.csv": "\ufeff" + rows, "walk/1.mp4": "", "walk/2.mp4": "", "walk/n.txt": "", "a.mp4": ""}
    url = bucket("table", files)
    listing = list_videos(url)
    assert [(video.path, video.group) for video in listing.videos] == [
        ("https://x.org/b.mp4", "https://x.org/b.mp4"),
        (f"{url}/a.mp4", f"{url}/a.mp4"),
        (f"{url}/walk/1.mp4", "g1"),
        (f"{url}/walk/2.mp4", "g1"),
    ]
    with pytest.raises(SoraError, match=r"memory://table/labels.csv, line 2: there is no file 'c.mp4'"):
        list_videos(bucket("table", {"labels.csv": "path,label\nc.mp4,run\n"}))


@pytest.mark.parametrize(
    ("url", "message"), [("memory://none", "there is no folder"), ("nosuch://a/b", "cannot be listed: Proto")]
)
def test_storage_that_is_not_there(url: str, message: str):
    with pytest.raises(SoraError, match=f"ingest.source: .*{message}"):
        list_videos(url)
