from pathlib import Path

import pytest

from sora import layout
from sora.attributes import attributes_table, read_attributes
from sora.errors import SoraError
from sora.manifest import write_table
from sora.sources.listing import list_videos
from sora.sources.videos import LabelledVideo


def test_columns_that_sora_does_not_read_itself_are_kept(tmp_path: Path):
    for name in ("a.mp4", "b.mp4"):
        (tmp_path / name).touch()
    text = "path,label,group,camera,start_seconds,sha256\nb.mp4,run,g, front ,,\na.mp4,walk,h,,3,\n"
    (tmp_path / "labels.csv").write_text(text)
    table = attributes_table(list_videos(tmp_path).videos)
    assert list(table) == ["path", "group", "camera"]
    assert table.to_numpy().tolist() == [["a.mp4#t=3", "h", ""], ["b.mp4", "g", "front"]]


def test_without_a_table_there_are_none():
    assert list(attributes_table([LabelledVideo("a.mp4", "run", "g")])) == ["path"]


def test_they_come_in_the_order_that_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    told = {"a": {"camera": "front", "angle": "10"}, "b": {"camera": "NA", "angle": ""}}
    videos = [LabelledVideo(name, "run", "g", attributes=each) for name, each in told.items()]
    write_table(layout.ATTRIBUTES, attributes_table(videos))
    found = read_attributes(["b", "a"], ["angle", "camera"])
    assert found["camera"].tolist() == ["NA", "front"]
    assert found["angle"].isna().tolist() == [True, False]
    assert found["angle"][1] == 10.0
    with pytest.raises(
        SoraError, match=r"slice_columns: expected columns of labels.csv \(camera, angle\), got 'x'"
    ):
        read_attributes(["a"], ["x"])
