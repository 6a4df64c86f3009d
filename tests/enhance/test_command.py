"""``sora enhance`` as it is typed."""

import pytest
from coded_clips import write_coded
from typer.testing import CliRunner

from sora.cli import app
from sora.video.read import iterate_frames


@pytest.fixture
def run(tmp_path):
    video = write_coded(tmp_path / "in.mp4", 10)

    def run(*words: str, source=video):
        return CliRunner().invoke(app, ["enhance", str(source), "-o", str(tmp_path / "out.mp4"), *words])

    return run


def test_a_preview_shows_both_side_by_side(run, tmp_path):
    result = run("--deflicker", "--preview", "0.2")
    assert (result.exit_code, result.stdout) == (0, f"{tmp_path / 'out.mp4'}\n")
    pictures = [frame.pixels for frame in iterate_frames(tmp_path / "out.mp4", lambda *size: size)]
    assert [picture.shape for picture in pictures] == [(64, 256, 3)] * 5
    assert abs(int(pictures[0][:, :128].mean()) - int(pictures[0][:, 128:].mean())) < 2


def test_one_line_says_what_is_wrong(run, tmp_path):
    assert "nothing to do" in run().stderr
    missing = run("--deflicker", source=tmp_path / "no.mp4")
    assert (missing.exit_code, missing.stderr) == (1, f"error: {tmp_path / 'no.mp4'}: no such file\n")
    (tmp_path / "out.mp4").write_text("precious")
    assert "--force" in run("--deflicker").stderr
    assert (tmp_path / "out.mp4").read_text() == "precious"
