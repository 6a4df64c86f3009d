"""``sora watch`` as a process of its own."""

import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from bundles import LABELS, write_video
from coded_clips import write_coded
from live_servers import Played, rtsp_server

from sora.errors import SoraError
from sora.live.command import Request, run_watch
from sora.live.watch import Rhythm
from sora.video.read import iterate_frames
from sora.video.recording import even_size

ROOT = Path(__file__).parents[2]
START = "from sora.cli import app; app()"


@contextmanager
def watching(bundle: Path, *words: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", START, "watch", "--model", str(bundle), *words]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def test_a_file_is_played_to_its_end_and_recorded_with_every_frame(bundle, tmp_path):
    video, recording = write_video(tmp_path / "clip.mp4", num_frames=18), tmp_path / "seen.mp4"
    words = ("--every", "4", "--output", str(recording))
    with watching(bundle.folder, str(video), *words) as process:
        out, err = process.communicate()
    answers = [json.loads(line) for line in out.splitlines()]
    assert process.returncode == 0
    assert set(answers[0]) == {
        *("time_seconds", "frame", "delay_ms", "dropped", "warming_up", "label", "probabilities")
    }
    assert all(set(answer["probabilities"]) == set(LABELS) for answer in answers)
    assert answers[-1]["frame"] >= 16
    assert err.count("\n") == 1
    assert err.startswith("18 frames seen, ")
    num_dropped = int(err.split()[3])  # on a busy machine
    assert len(list(iterate_frames(recording, even_size))) == 18 - num_dropped


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_cleanly_when_asked_to_and_keeps_what_it_recorded(bundle, tmp_path, number):
    video, recording = write_video(tmp_path / "long.avi", num_frames=3000), tmp_path / "seen.mp4"
    with watching(bundle.folder, str(video), "--output", str(recording)) as process:
        assert process.stdout is not None
        first = json.loads(process.stdout.readline())
        assert not recording.exists()
        process.send_signal(number)
        out, err = process.communicate()
    assert process.returncode == 0
    assert all(json.loads(line)["frame"] > first["frame"] for line in out.splitlines())
    assert err.count("\n") == 1
    assert "frames seen" in err
    assert len(list(iterate_frames(recording, even_size))) >= first["frame"] - first["dropped"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["long.avi", "seen.mp4"]


def test_a_camera_that_hangs_up_is_called_again(bundle, tmp_path):
    played = Played(write_coded(tmp_path / "clip.ts", 30, options={"g": "5", "bf": "0"}).read_bytes())
    with rtsp_server(played) as address:
        source = address.replace("//", "//me:secret@")
        with watching(bundle.folder, source) as process:
            assert process.stdout is not None
            while json.loads(process.stdout.readline())["frame"] <= 30:
                pass
            process.send_signal(signal.SIGINT)
            _, err = process.communicate()
    lines = err.splitlines()
    assert process.returncode == 0
    assert played.num_plays >= 2
    assert lines[0].startswith(f"{address}: lost (")
    assert lines[1] == f"{address}: connected again"
    assert "reconnections" in lines[-1]
    assert "secret" not in err


def test_who_reads_no_more_ends_it_without_a_word(bundle, tmp_path):
    video = write_video(tmp_path / "long.avi", num_frames=3000)
    with watching(bundle.folder, str(video)) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert "frames seen" in process.stderr.read()
        assert process.wait() == 0


@pytest.mark.parametrize(
    ("source", "settings", "message"),
    [
        ("none.mp4", {}, "none.mp4: no such file"),
        ("rtsp://127.0.0.1:1/x", {}, "rtsp://127.0.0.1:1/x: not a readable video (connection refused)"),
        ("udp://host", {}, "udp://host: expected the number of a camera"),
        ("0", {"paced": False}, "/dev/video0: only a file can be played faster"),
        ("none.mp4", {"recording": Path("seen.gif")}, "seen.gif: a recording must end in .mp4"),
    ],
)
def test_what_cannot_be_watched_is_one_line(bundle, source: str, settings: dict, message: str):
    told: list[str] = []
    with pytest.raises(SoraError, match=f"^{re.escape(message)}"):
        run_watch(Request(source, bundle.folder, Rhythm(8), **settings), print, told.append)
    assert told == []
