import math
from pathlib import Path

import pytest
from coded_clips import write_coded
from video_corpus import CASES, Case

from sora.video.cuts import Windows, find_cuts, pieces
from sora.video.pictures import square
from sora.video.probe import probe, probe_with_thumbnail
from sora.video.read import Window, iterate_frames


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_parts_have_the_frames_that_the_reader_gives_them(tmp_path: Path, case: Case):
    path = case.write(tmp_path / case.name)
    times = [frame.time_seconds for frame in iterate_frames(path, square(16))]
    windows = [piece.window for piece in pieces(find_cuts(path, Windows(0.5)), 0.0)]
    expected = [sum(w.start_seconds <= time < w.end_seconds for time in times) for w in windows]
    facts = [probe_with_thumbnail(path, window)[0] for window in windows]
    assert [found.num_frames_decoded for found in facts] == expected
    assert sum(expected) == case.num_frames
    assert {found.error for found in facts} == {""}
    assert {found.decoded_share for found, count in zip(facts, expected, strict=True) if count} == {1.0}


def test_facts_of_a_part(tmp_path: Path):
    path = write_coded(tmp_path / "a.mp4", count=50, options={"g": "10"})
    facts, thumbnail = probe_with_thumbnail(path, Window(0.5, 1.3))
    assert (facts.num_frames_declared, facts.num_frames_decoded) == (0, 20)
    assert facts.duration_seconds == pytest.approx(0.8)
    assert thumbnail
    assert probe_with_thumbnail(path, Window(0, math.inf))[0] == probe(path)


def test_a_part_that_the_file_does_not_reach(tmp_path: Path):
    path = write_coded(tmp_path / "a.mp4", count=25)
    facts, thumbnail = probe_with_thumbnail(path, Window(5.0, 6.0))
    assert (facts.num_frames_decoded, facts.decoded_share, thumbnail) == (0, 0.0, b"")


def test_damage_counts_for_the_part_in_which_it_lies(tmp_path: Path):
    path = write_coded(tmp_path / "a.mkv", count=50, codec="mpeg4", options={"g": "10"})
    data = bytearray(path.read_bytes())
    data[len(data) // 2 :] = bytes(len(data) - len(data) // 2)
    path.write_bytes(data)
    early, late = probe_with_thumbnail(path, Window(0, 0.4))[0], probe_with_thumbnail(path, Window(1.6))[0]
    assert (early.num_frames_decoded, early.decoded_share, early.error) == (10, 1.0, "")
    assert late.num_frames_decoded == 0
