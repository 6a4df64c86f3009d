import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
from clip_specs import clip_spec
from coded_clips import coded_picture, write_coded, write_pictures
from typer.testing import CliRunner

from sora.cli import app
from sora.errors import SoraError, VideoError
from sora.frames.augmentation import AugmentSpec
from sora.preview.command import write_preview
from sora.preview.content import Recipe, Subject, video_content
from sora.preview.sheet import contact_sheet
from sora.preview.subjects import find_subjects
from sora.video.read import Window

AUGMENT = AugmentSpec(10, True, ["dark"], 0.1, 0.1, 0.1, 0.1, 0.1, 10, 0.01, 0.1, 0.1)
RECIPE = Recipe(
    clip_spec(selection={"min_brightness": 0.1, "drop_duplicates": True}), AUGMENT, 0, num_views=2
)
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def half_dark(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pictures = [coded_picture(i + 1) // (1 if i < 20 else 20) for i in range(40)]
    path = tmp_path_factory.mktemp("clips") / "half_dark.mkv"
    return write_pictures(path, pictures, "ffv1", pix_fmt="bgr0")


def test_content_says_what_was_dropped_and_shows_every_step(half_dark: Path):
    content = video_content(Subject(half_dark, "walk"), RECIPE)
    assert content.reasons.tolist() == [""] * 20 + ["dark"] * 20
    assert [tile.reason for tile in content.before.tiles] == [""] * 4 + ["dark"] * 4
    assert max(content.chosen) < 20
    assert [row.title for row in content.after] == ["clean", "view 1", "view 2"]
    assert content.caption == (
        "walk  ·  128 × 64  ·  ffv1  ·  25 fps  ·  1.6 s  ·  40 frames  ·  dropped: 20 dark"
    )
    assert content.verdict == ""


def test_a_video_that_is_set_aside_is_shown_with_the_verdict(half_dark: Path):
    strict = Recipe(clip_spec(selection={"min_brightness": 0.9, "drop_duplicates": True}), AUGMENT, 0, 1)
    content = video_content(Subject(half_dark), strict)
    assert content.verdict == "none of its 40 frames is fit for use (40 dark)"
    assert (content.after, list(content.chosen)) == ([], [])
    assert len(decoded(contact_sheet([content]))) > 100


def test_only_the_part_of_a_video_is_shown(half_dark: Path):
    content = video_content(Subject(half_dark, window=Window(0.0, 0.4)), RECIPE)
    assert len(content.reasons) == 10
    assert content.title == "half_dark.mkv  0 to 0.4 s"


def test_a_sheet_needs_no_tensorflow():
    code = "import sys, sora.preview.command, sora.stages.extract; print('tensorflow' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert found.stdout == "False\n"


def decoded(png: bytes) -> np.ndarray:
    return cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)


def test_the_sheet_is_a_png_with_the_pictures_on_it_and_the_same_bytes_again(half_dark: Path):
    content = video_content(Subject(half_dark), RECIPE)
    one, two = contact_sheet([content]), contact_sheet([content, content])
    assert one == contact_sheet([content])
    assert decoded(two).shape[0] > 1.8 * decoded(one).shape[0]
    tile = cv2.resize(content.after[0].tiles[0].pixels, (176, 176), interpolation=cv2.INTER_AREA)
    match = cv2.matchTemplate(decoded(one)[..., ::-1].copy(), tile, cv2.TM_SQDIFF)
    assert match.min() == pytest.approx(0, abs=tile.size)


def test_files_folders_and_labels_name_videos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    for number in range(5):
        (tmp_path / "walk").mkdir(exist_ok=True)
        (tmp_path / "walk" / f"{number}.mp4").touch()
    (tmp_path / "walk" / "notes.txt").touch()
    (tmp_path / "empty").mkdir()
    assert find_subjects("walk/0.mp4", 3) == [Subject(Path("walk/0.mp4"))]
    assert [s.file.name for s in find_subjects("walk", 3)] == ["0.mp4", "1.mp4", "3.mp4"]
    with pytest.raises(SoraError, match=r"^empty holds no videos"):
        find_subjects("empty", 3)
    with pytest.raises(SoraError, match="jump: no such file or folder; labels are known once"):
        find_subjects("jump", 3)
    rows = [("a.mp4", "jump", 1.0, 2.0), ("b.mp4", "run", None, None)]
    (tmp_path / "data").mkdir()
    table = pd.DataFrame(rows, columns=["file", "label", "start_seconds", "end_seconds"])
    table.assign(outcome="ok", duplicate_of="").to_csv("data/manifest.csv")
    assert find_subjects("jump", 3) == [Subject(Path("a.mp4"), "jump", Window(1.0, 2.0))]
    with pytest.raises(SoraError, match="hop: no such file, folder or label; the labels are jump, run"):
        find_subjects("hop", 3)


def test_unreadable_videos_are_named_and_the_others_drawn(tmp_path: Path, half_dark: Path):
    (tmp_path / "bad.mp4").write_text("no video")
    (tmp_path / "good.mkv").write_bytes(half_dark.read_bytes())
    left_out = write_preview(str(tmp_path), RECIPE, 5, tmp_path / "sheet.png")
    assert len(left_out) == 1
    assert "bad.mp4: not a readable video" in left_out[0]
    assert (tmp_path / "sheet.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(VideoError):
        video_content(Subject(tmp_path / "bad.mp4"), RECIPE)
    with pytest.raises(SoraError, match="is a PNG"):
        write_preview(str(tmp_path), RECIPE, 5, tmp_path / "sheet.jpg")


def test_the_command_reads_params_and_says_where_the_sheet_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    write_coded(tmp_path / "a.mp4", 20)
    missing = CliRunner().invoke(app, ["preview", "a.mp4"])
    assert missing.exit_code == 1
    assert "error: params.yaml is not here; run from the folder of the project" in missing.stderr
    (tmp_path / "params.yaml").write_text((ROOT / "params.yaml").read_text())
    shown = CliRunner().invoke(app, ["preview", "a.mp4", "-o", "out/sheet.png", "--views", "1"])
    assert (shown.exit_code, shown.stdout) == (0, "out/sheet.png\n"), shown.stderr
    assert decoded(Path("out/sheet.png").read_bytes()).shape[1] > 1000
