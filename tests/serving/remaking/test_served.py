"""Videos made by the served Bento."""

import time
from pathlib import Path

import av
import pytest
from coded_clips import write_coded

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def client(served):
    with served.client() as one:
        yield one


def submitted(client, clip: Path, **asked: object):
    return client.post("/jobs", params=asked, files={"video": (clip.name, clip.read_bytes())})


def ended(client, place: str) -> dict:
    end = time.monotonic() + 120
    while (job := client.get(place).json())["status"] in ("queued", "running"):
        assert time.monotonic() < end, job
        time.sleep(0.1)
    return job


def sound(path: Path) -> list[bytes]:
    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux(audio=0) if packet.size]


def test_a_video_comes_back_twice_as_large_with_its_sound(client, tmp_path):
    assert client.get("/capabilities").json()["scales"] == [1, 2, 4]
    clip = write_coded(tmp_path / "clip.mp4", 8, audio=True)
    place = submitted(client, clip, task="enhance", scale=2).headers["location"]
    assert ended(client, place)["status"] == "done"
    told = client.get(f"{place}/result").json()
    assert (told["width"], told["height"], told["num_frames"]) == (256, 128, 8)
    assert told["files"] == ["enhanced.mp4"]
    found = client.get(f"{place}/files/enhanced.mp4")
    assert found.headers["content-type"] == "video/mp4"
    (tmp_path / "made.mp4").write_bytes(found.content)
    assert sound(tmp_path / "made.mp4") == sound(clip)
    with av.open(str(tmp_path / "made.mp4")) as made:
        assert [(frame.width, frame.height) for frame in made.decode(video=0)] == [(256, 128)] * 8


def test_what_is_wrong_or_too_large_is_refused_before_work(client, tmp_path):
    clip = write_coded(tmp_path / "clip.mp4", 100)
    large = submitted(client, clip, task="enhance", scale=4)
    assert (large.status_code, "13 million pixels, at most 12 million" in large.json()["error"]) == (
        413,
        True,
    )
    unknown = submitted(client, clip, task="stylize", style="../../etc/passwd")
    assert unknown.status_code == 422
    assert unknown.json()["error"].startswith("there is no style '../../etc/passwd'; give one of fresco, ")
    assert submitted(client, clip, task="enhance").json()["error"].startswith("nothing to do: ")
    (tmp_path / "notes.mp4").write_text("no video")
    notes = submitted(client, tmp_path / "notes.mp4", task="enhance", scale=2)
    assert (notes.status_code, notes.json()["error"].startswith("not a readable video")) == (400, True)


def test_a_cancelled_job_leaves_nothing(client, state, tmp_path):
    clip = write_coded(tmp_path / "clip.mp4", 60)
    place = submitted(client, clip, task="stylize", style="starry").headers["location"]
    assert client.delete(place).json()["status"] == "cancelled"
    assert ended(client, place)["status"] == "cancelled"
    end = time.monotonic() + 60
    while (state / "jobs" / place.rpartition("/")[2]).exists():
        assert time.monotonic() < end
        time.sleep(0.1)
