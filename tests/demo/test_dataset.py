import csv
import hashlib
from pathlib import Path

import av
import pytest

from sora.demo.dataset import render_dataset, replacing_folder
from sora.errors import SoraError


def digests(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_same_seed_same_bytes_whatever_the_number_of_workers(rendered, tmp_path):
    progress = []
    render_dataset(
        tmp_path / "again", rendered.settings, 2, lambda done, total: progress.append((done, total))
    )
    assert digests(tmp_path / "again") == digests(rendered.folder)
    assert progress == [(done, 16) for done in range(1, 17)]
    assert {path.name for path in tmp_path.iterdir()} == {"again", ".again.lock"}


def test_labels_match_the_files(rendered):
    with (rendered.folder / "labels.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    videos = {path for path in digests(rendered.folder) if "/" in path}
    assert [row["path"] for row in rows] == sorted(videos)
    assert len(rows) == 16 + 6
    for row in rows:
        assert row["path"].startswith(f"{row['label']}/{row['group']}_")


def test_clips_are_what_was_planned(rendered):
    for clip in rendered.clips:
        recording = clip.recording
        with av.open(str(rendered.folder / clip.path)) as video:
            stream = video.streams.video[0]
            assert stream.codec_context.name == recording.video_codec
            assert stream.average_rate == recording.fps
            audio_codecs = [audio.codec_context.name for audio in video.streams.audio]
            assert audio_codecs == ([recording.audio_codec] if recording.audio_codec else [])
            frames = list(video.decode(stream))
        assert len(frames) == recording.num_frames
        assert {(frame.width, frame.height) for frame in frames} == {
            (recording.width_px, recording.height_px)
        }
        first, last = (frames[index].to_ndarray(format="rgb24").astype(int) for index in (0, -1))
        assert first.std() > 5
        assert abs(first - last).mean() > 0.5


def test_frames_differ_between_seeds_actions_and_takes(rendered):
    kept = {name: digest for name, digest in digests(rendered.folder).items() if "_take" in name}
    assert len(set(kept.values())) == 16


def test_a_failed_rendering_leaves_the_old_data(tmp_path):
    target = tmp_path / "demo"
    with replacing_folder(target) as folder:
        (folder / "README.txt").write_text("Synthetic demo data. Old.")
    with pytest.raises(FileExistsError), replacing_folder(target) as folder:
        folder.mkdir()
    assert digests(tmp_path).keys() == {"demo/README.txt", ".demo.lock"}
    assert (target / "README.txt").read_text().endswith("Old.")


def test_the_remains_of_a_killed_rendering_are_cleared_away(tmp_path):
    left = tmp_path / ".tmp-demo" / "new" / "walk"
    left.mkdir(parents=True)
    with replacing_folder(tmp_path / "demo") as folder:
        assert list(folder.iterdir()) == []
    assert not left.parents[1].exists()


def test_a_folder_of_something_else_is_never_replaced(tmp_path, rendered):
    (tmp_path / "thesis.txt").write_text("ten years of work")
    with pytest.raises(SoraError, match="is not demo data"):
        render_dataset(tmp_path, rendered.settings, 1, lambda done, total: None)
    assert (tmp_path / "thesis.txt").read_text() == "ten years of work"
