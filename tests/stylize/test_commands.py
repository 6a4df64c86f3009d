import cv2
import numpy as np
from coded_clips import write_pictures
from pictures import texture
from typer.testing import CliRunner

from sora.cli import app
from sora.stylize import painter
from sora.stylize.styles import NAMES
from sora.video.probe import probe


def run(*words):
    return CliRunner().invoke(app, [str(word) for word in words])


def clip(path, count=4):
    ground = texture(48, 64 + count)
    return write_pictures(path, [ground[:, i : i + 64] for i in range(count)], audio=True)


def test_stylize_writes_a_video_with_its_sound(tmp_path):
    video, output = clip(tmp_path / "a.mp4"), tmp_path / "b.mp4"
    done = run("stylize", video, "-o", output, "--style", "ember", "--detail", 64)
    assert done.exit_code == 0, done.output
    assert done.stdout.strip() == str(output)
    before, after = probe(video), probe(output)
    assert (after.num_frames_decoded, after.has_audio) == (before.num_frames_decoded, True)
    assert (after.width, after.height, after.error) == (64, 48, "")
    again = run("stylize", video, "-o", output, "--style", "ember", "--detail", 64)
    assert (again.exit_code, "--force" in again.stderr) == (1, True)


def test_stylize_says_what_is_wrong_with_a_style_and_writes_nothing(tmp_path):
    video = clip(tmp_path / "a.mp4")
    done = run("stylize", video, "-o", tmp_path / "b.mp4", "--style", "embr")
    assert done.exit_code == 1
    assert done.stderr.startswith("error: style 'embr'")
    assert sorted(tmp_path.iterdir()) == [video]


def test_styles_shows_all_of_them(tmp_path, monkeypatch):
    monkeypatch.setattr(painter, "MIN_SIDE_PX", 64)
    (tmp_path / "sheet.png").write_text("old")
    done = run("styles", clip(tmp_path / "a.mp4"), "-o", tmp_path / "sheet.png", "--at", 0.1, "--force")
    assert done.exit_code == 0, done.output
    page = cv2.imread(str(tmp_path / "sheet.png"))
    tiles = [
        page[24 + row * 274 : 264 + row * 274, 24 + 332 * column :][:, :320]
        for row in range(7)
        for column in range(4)
    ]
    means = {tuple(tile.mean(axis=(0, 1)).round(1)) for tile in tiles[: 1 + len(NAMES)]}
    assert len(means) == 1 + len(NAMES)
    assert np.all(tiles[-1] == 255)


def test_a_sheet_is_a_png(tmp_path):
    done = run("styles", clip(tmp_path / "a.mp4"), "-o", tmp_path / "sheet.jpg")
    assert (done.exit_code, "ends in .png" in done.stderr) == (1, True)


def test_a_sheet_replaces_nothing_without_force(tmp_path):
    output = tmp_path / "sheet.png"
    output.write_text("precious")
    done = run("styles", clip(tmp_path / "a.mp4"), "-o", output)
    assert (done.exit_code, "only with --force" in done.stderr) == (1, True)
    assert output.read_text() == "precious"
