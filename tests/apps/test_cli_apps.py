import json

import av
import pytest
from bundles import tiny_bundle, write_video
from coded_clips import write_coded
from typer.testing import CliRunner

from sora.cli import app

POLICY = "labels:\n  - {names: [jumping, running, waving], at_least: 0.01, action: review}\n"


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    return tiny_bundle(tmp_path_factory.mktemp("bundle") / "sora").folder


@pytest.fixture
def run(bundle, tmp_path):
    def call(*words, folder=tmp_path):
        words = [str(word) for word in words]
        if words[0] != "review":
            words += ["--model", str(bundle), "--cache", str(folder / "cache")]
        return CliRunner().invoke(app, words)

    return call


def lines(result):
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_tag_prints_a_line_for_each_video_and_fails_where_one_is_bad(run, tmp_path):
    good, bad = write_video(tmp_path / "good.avi"), tmp_path / "bad.mp4"
    bad.write_bytes(b"no video")
    result = run("tag", good, bad)
    first, second = lines(result)
    assert result.exit_code == 1
    assert (first["video"], first["duration_seconds"]) == (str(good), 2.0)
    assert "only with the backbones" in first["no_objects"]
    assert second == {
        "video": str(bad),
        "error": "not a readable video (invalid data found when processing input)",
    }


def test_moderate_queues_what_a_person_must_see_and_review_decides(run, tmp_path):
    video, policy, queue = (
        write_video(tmp_path / "clip.avi"),
        tmp_path / "policy.yaml",
        tmp_path / "queue.jsonl",
    )
    policy.write_text(POLICY)
    (answer,) = lines(run("moderate", video, "--policy", policy, "--queue", queue))
    assert answer["action"] == "review"
    assert {reason["about"] for reason in answer["reasons"]} == {"label"}
    (item,) = lines(run("review", "list", "--queue", queue))
    assert (item["id"], item["video"]) == (answer["review_id"], str(video))
    decided = run("review", "decide", item["id"], "block", "--by", "Ann", "--queue", queue)
    assert lines(decided)[0]["decision"] == "block"
    assert run("review", "list", "--queue", queue).stdout == ""
    again = run("review", "decide", item["id"], "allow", "--queue", queue)
    assert again.exit_code == 1
    assert "was decided by Ann" in again.stderr
    (known,) = lines(run("moderate", video, "--policy", policy, "--queue", queue))
    assert known["decision"] == "block"


def test_a_policy_that_names_no_label_fails_before_any_video(run, tmp_path):
    policy = tmp_path / "policy.yaml"
    policy.write_text(POLICY.replace("waving", "wavin"))
    result = run("moderate", "missing.mp4", "--policy", policy)
    assert result.exit_code == 1
    assert "there is no 'wavin'; there is 'waving'" in result.stderr
    assert result.stdout == ""


def test_summarize_writes_a_storyboard_highlights_and_a_text(run, tmp_path):
    video, folder = write_coded(tmp_path / "clip.mp4", 100, audio=True), tmp_path / "summary"
    result = run("summarize", video, "-o", folder, "--language", "zh")
    assert result.exit_code == 0, result.stderr
    names = {"storyboard.png", "highlights.mp4", "summary.txt", "summary.json"}
    assert {path.name for path in folder.iterdir()} == names
    record = json.loads((folder / "summary.json").read_text())
    assert record["text"] + "\n" == (folder / "summary.txt").read_text()
    assert record["text"].startswith("视频时长 4 秒")
    assert result.stdout.splitlines() == [record["text"], str(folder)]
    with av.open(str(folder / "highlights.mp4")) as file:
        assert {stream.codec_context.name for stream in file.streams} == {"h264", "aac"}
        frames = list(file.decode(video=0))
    shown = sum(part["end_seconds"] - part["start_seconds"] for part in record["highlights"])
    assert len(frames) == pytest.approx(25 * shown, abs=2)
    assert (frames[0].width, frames[0].height) == (128, 64)


def test_summarize_of_nothing_is_one_clear_error(run, tmp_path):
    result = run("summarize", tmp_path / "none.mp4", "-o", tmp_path / "summary")
    assert result.exit_code == 1
    assert result.stderr == f"error: {tmp_path / 'none.mp4'}: no such file\n"
