"""The Bento, served by BentoML's own server and asked over HTTP."""

import base64
import hashlib
import http.client
import json
import re
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import cv2
import httpx
import numpy as np
import psutil
import pytest
from bento_servers import serving
from bundles import LABELS, write_video
from coded_clips import write_coded
from file_server import Served as File
from file_server import file_server

from sora.serving.feedback import read_feedback
from sora.serving.pages import CONTENT_SECURITY_POLICY
from sora.video.facts import VideoFacts
from sora.video.probe import probe

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def client(served):
    with served.client() as one:
        yield one


def form(clip: Path, name: str = "clip.mp4") -> dict:
    return {"files": {"video": (name, clip.read_bytes(), "application/octet-stream")}}


def hash_of(clip: Path) -> str:
    return hashlib.sha256(clip.read_bytes()).hexdigest()


def picture(data_url: str) -> np.ndarray:
    kind, data = data_url.split(",")
    assert kind in ("data:image/jpeg;base64", "data:image/png;base64")
    return cv2.imdecode(np.frombuffer(base64.b64decode(data), np.uint8), cv2.IMREAD_COLOR)


def test_a_video_is_taken_in_every_way_that_it_can_be_sent(client, clips, said, bundle):
    clip, data = clips[0], clips[0].read_bytes()
    with file_server({"a/clip.mp4": File(data), "moved": File(status=302, location="a/clip.mp4")}) as root:
        answers = [
            client.post("/classify", **form(clip)),
            client.post("/classify", **form(clip, "../../../etc/pass\0wd <script>")),
            client.post("/classify", content=data),
            client.post("/classify", content=data, headers={"Content-Type": "video/mp4"}),
            client.post("/classify", content=data, headers={"Content-Type": "text/html"}),
            client.post("/classify", content=data, headers={"Content-Type": "application/json"}),
            client.post("/classify", content=iter([data[:100], data[100:]])),  # chunked
            client.post("/classify", json={"url": f"{root}/a/clip.mp4"}),
            client.post("/classify", data={"url": f"{root}/moved"}),
            client.post("/classify", files={"url": (None, f"{root}/moved")}),
        ]
    assert [answer.status_code for answer in answers] == [200] * len(answers), [a.text for a in answers]
    assert all(answer.json() == answers[0].json() for answer in answers)
    told = answers[0].json()
    assert told["label"] == said[0].label
    assert told["probabilities"] == pytest.approx(said[0].probabilities, abs=1e-6)
    assert tuple(told["probabilities"]) == LABELS
    assert (told["content_hash"], told["model_version"]) == (hash_of(clip), bundle.version)
    assert told["prediction_id"] == f"{hash_of(clip)[:16]}-{bundle.version}"


def test_everything_that_can_be_said_of_a_video(client, clips, said):
    embedded = client.post("/embed", **form(clips[1])).json()
    assert embedded["embedding"] == pytest.approx(said[1].embedding.tolist(), abs=1e-6)
    tags = client.post("/tag", **form(clips[1])).json()
    assert tags["duration_seconds"] == pytest.approx(2.0, abs=0.2)
    assert tags["timeline"][0]["label"] == said[1].label
    assert tags["no_objects"].startswith("objects are named only with")
    short = client.post("/summarize", **form(clips[1], "party.mp4")).json()
    assert "2 seconds" in short["text"]
    assert {picture(frame["image"]).shape for frame in short["key_frames"]} == {(64, 96, 3)}
    assert picture(short["storyboard"]).shape[1] > 300
    chinese = client.post("/summarize", params={"language": "zh"}, **form(clips[1])).json()
    assert "视频" in chinese["text"]
    why = client.post("/explain", **form(clips[1])).json()
    assert why["label"] == said[1].label
    assert all(0 < frame["time_seconds"] < 2.2 and picture(frame["image"]).size for frame in why["frames"])


def test_moderation_keeps_what_a_person_must_see(client, clips, state, tmp_path):
    verdict = client.post("/moderate", **form(clips[2])).json()
    assert verdict["action"] == "review"
    assert verdict["reasons"][0]["about"] == "duration"
    assert (state / "review" / hash_of(clips[2])).read_bytes() == clips[2].read_bytes()
    assert verdict["review_id"] in (state / "review.jsonl").read_text()
    long = client.post("/moderate", **form(write_video(tmp_path / "long.mp4", num_frames=50))).json()
    assert long["action"] == "block"
    assert "review_id" not in long


def test_search_and_recommendation(client, clips, said):
    found = client.post("/search", params={"top": 2}, **form(clips[3])).json()["results"]
    assert found[0]["video"] == "3.mp4"
    assert found[0]["similarity"] == pytest.approx(1, abs=1e-4)
    assert len(found) == 2
    by_words = client.post("/search", params={"tag": "noi", "label": said[0].label[:3]}).json()["results"]
    expected = [
        f"{clip.stem}.mp4" for clip, one in zip(clips, said, strict=True) if one.label == said[0].label
    ]
    assert [one["video"] for one in by_words] == expected
    assert client.post("/search").status_code == 400
    history = [{"video": "0.mp4", "time": "2026-01-01T00:00:00Z", "completion": 1}]
    answer = client.post("/recommend", json={"history": history, "top": 2}).json()
    assert answer["num_watched"] == 1
    assert len(answer["results"]) == 2
    assert "0.mp4" not in [one["video"] for one in answer["results"]]
    newcomer = client.post("/recommend", json={"history": []}).json()
    assert len(newcomer["results"]) == 4
    stranger = client.post("/recommend", json={"history": history, "user": "nobody"})
    assert (stranger.status_code, "nobody" in stranger.json()["error"]) == (400, True)


def test_a_preview_is_what_browsers_play(client, tmp_path):
    clip = write_video(tmp_path / "clip.avi", num_frames=90)
    answer = client.post("/preview", **form(clip, "clip.avi"))
    assert answer.headers["content-type"] == "video/mp4"
    (tmp_path / "preview.mp4").write_bytes(answer.content)
    facts: VideoFacts = probe(tmp_path / "preview.mp4")
    assert (facts.video_codec, facts.width, facts.height, facts.error) == ("h264", 96, 64, "")
    assert facts.num_frames_decoded == 90


def test_feedback_is_kept_for_the_next_training(client, clips, said, state):
    answer = client.post("/feedback", params={"label": "cart wheels", "note": "slow"}, **form(clips[0]))
    assert answer.status_code == 201
    assert answer.json()["prediction_id"].startswith(hash_of(clips[0])[:16])
    kept = {one.feedback_id: one for one in read_feedback(state / "feedback")}[answer.json()["feedback_id"]]
    assert (kept.labels, kept.predicted, kept.note) == (("cart wheels",), said[0].label, "slow")
    assert (state / "feedback" / kept.file).read_bytes() == clips[0].read_bytes()
    for label in ("", "../x", "a/b", ".hidden", "x\0y"):
        refused = client.post("/feedback", params={"label": label}, **form(clips[0]))
        assert refused.status_code in (400, 422), label
        assert refused.json()["error"]


def test_a_job_takes_what_is_too_long_to_wait_for(client, tmp_path):
    clip = write_video(tmp_path / "long.mp4", num_frames=250)
    direct = client.post("/tag", **form(clip))
    assert (direct.status_code, "/jobs" in direct.json()["error"]) == (413, True)
    submitted = client.post("/jobs", params={"task": "summarize"}, **form(clip, "holidays.mp4"))
    assert submitted.status_code == 202
    place = submitted.headers["location"]
    assert client.get(f"{place}/result").status_code in (200, 409)
    job = _ended(client, place)
    assert (job["status"], job["progress"]) == ("done", 1)
    result = client.get(f"{place}/result").json()
    assert "25 seconds" in result["text"]
    assert sorted(result["files"]) == ["highlights.mp4", "storyboard.png"]
    highlights = client.get(f"{place}/files/highlights.mp4")
    (tmp_path / "highlights.mp4").write_bytes(highlights.content)
    assert probe(tmp_path / "highlights.mp4").error == ""
    for name in ("video.mp4", "result.json", "..%2Fjobs.db", "nothing"):
        assert client.get(f"{place}/files/{name}").status_code in (404, 422), name
    assert client.delete(place).status_code == 409
    assert client.get(f"/jobs/{'0' * 32}").status_code == 404
    tagged = client.post("/tag", **form(clip)).json()  # known by now
    assert tagged["duration_seconds"] == pytest.approx(25, abs=0.2)


def test_a_cancelled_job_ends(client, tmp_path):
    clip = write_video(tmp_path / "long.mp4", num_frames=590, seed=9)
    place = client.post("/jobs", params={"task": "tag"}, **form(clip)).headers["location"]
    assert client.delete(place).json()["status"] in ("cancelled", "running")
    assert _ended(client, place)["status"] == "cancelled"
    assert client.get(f"{place}/result").status_code == 409


def _ended(client: httpx.Client, place: str) -> dict:
    end = time.monotonic() + 120
    while (job := client.get(place).json())["status"] in ("queued", "running"):
        assert time.monotonic() < end, job
        time.sleep(0.1)
    return job


def test_what_is_no_video_is_refused_with_the_reason(client, tmp_path, state):
    truncated = write_coded(tmp_path / "cut.mp4").read_bytes()[:700]
    playlist = b"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n/etc/passwd\n#EXT-X-ENDLIST\n"
    concat = b"ffconcat version 1.0\nfile /etc/passwd\n"
    huge = (
        write_coded(tmp_path / "y.y4m", codec="rawvideo").read_bytes().replace(b"W128 H64", b"W99999 H99999")
    )
    long = write_coded(tmp_path / "slow.mkv", 40, times_ms=[2000 * i for i in range(40)]).read_bytes()
    bodies = {
        "no text": b"no video at all" * 100,
        "empty": b"",
        "truncated": truncated,
        "playlist": playlist,
        "concat": concat,
        "huge frames": huge,
        "too long": long,
        "dark": write_video(tmp_path / "black.mp4", brightness=0).read_bytes(),
        "json": b'{"url": 5}',
        "other json": b"[1, 2]",
        "file": b'{"url": "file:///etc/passwd"}',
        "private": b'{"url": "http://10.1.2.3/clip.mp4"}',
        "metadata": b'{"url": "http://169.254.169.254/latest/meta-data"}',
    }
    for name, body in bodies.items():
        for answer in (
            client.post("/classify", content=body),
            client.post("/classify", files={"video": ("a.mp4", body, "video/mp4")}),
        ):
            assert answer.status_code in (400, 413), (name, answer.text)
            assert len(answer.json()["error"]) > 10, name
            assert "Traceback" not in answer.text
    assert client.get("/health").json()["status"] == "ok"
    assert [path for path in (state / "scratch").rglob("*") if path.is_file() and path.name != ".lock"] == []


def test_broken_forms_and_parameters(client, clips):
    edge = {"Content-Type": "multipart/form-data; boundary=edge"}
    assert client.post("/classify", content=b"--edge\r\nnonsense", headers=edge).status_code == 400
    assert client.post("/classify", data={"other": "x"}, files={"x": b"y"}).status_code == 400
    assert client.post("/summarize", params={"language": "tlh"}, **form(clips[0])).status_code == 422
    assert client.post("/jobs", params={"task": "sing"}, **form(clips[0])).status_code == 422
    assert client.post("/recommend", content=b"{").status_code == 422
    assert client.get("/classify").status_code == 405
    assert client.post("/nothing").status_code == 404


def test_bodies_are_bounded_in_bytes_and_time(client):
    def endless(seconds: float):
        end = time.monotonic() + 60
        while time.monotonic() < end:
            yield b"x" * 65536
            time.sleep(seconds)

    with closing(http.client.HTTPConnection(client.base_url.host, client.base_url.port, timeout=30)) as one:
        one.putrequest("POST", "/classify")
        one.putheader("Content-Length", str(10 * 2**30))
        one.endheaders(b"some")
        assert one.getresponse().status == 413
    for pause, status in ((0.0, 413), (0.5, 408)):
        try:
            answer = client.post("/classify", content=endless(pause))
        except (
            httpx.WriteError,
            httpx.ReadError,
        ):  # it was still sending when the server had said so and hung up
            continue
        assert answer.status_code == status


def test_openapi_describes_every_endpoint_and_metrics_count_them(client, clips):
    for _ in range(3):
        client.post("/classify", **form(clips[0]))
    told = client.get("/openapi.json").json()
    assert client.get("/docs.json").json() == told
    paths = (
        "classify embed tag moderate summarize explain preview search recommend feedback jobs lineage "
        "capabilities health"
    )
    assert {f"/{name}" for name in paths.split()} <= set(told["paths"])
    metrics = client.get("/metrics").text
    assert 'endpoint="/classify"' in metrics
    asked, computed = (_total(metrics, f"sora_{name}_total") for name in ("asked", "computed"))
    assert asked > computed > 0


def test_the_page_is_served_and_may_load_nothing_from_elsewhere(client):
    page = client.get("/ui", follow_redirects=True)
    assert (page.status_code, page.url.path) == (200, "/ui/")
    assert page.headers["content-security-policy"] == CONTENT_SECURITY_POLICY
    for name in re.findall(r'(?:src|href)="([^"#:]+)"', page.text):
        assert client.get(f"/ui/{name}").status_code == 200, name


def _total(metrics: str, name: str) -> float:
    return sum(float(line.rpartition(" ")[2]) for line in metrics.splitlines() if line.startswith(name))


def test_a_killed_worker_costs_only_its_own_requests(served, clips, tmp_path):
    workers = _workers(served)
    assert len(workers) >= 2
    workers[0].kill()
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: _status(served, clips[0]), range(20)))
    assert answers.count(200) >= 10
    assert set(answers) <= {200, 503, None}
    end = time.monotonic() + 60
    while len(_workers(served)) < len(workers):
        assert time.monotonic() < end
        time.sleep(0.2)


def _workers(served) -> list[psutil.Process]:
    children = psutil.Process(served.process.pid).children()
    living = [one for one in children if one.status() != psutil.STATUS_ZOMBIE]
    return [one for one in living if "_bentoml_impl.worker.service" in " ".join(one.cmdline())]


def _status(served, clip: Path) -> int | None:
    try:
        return httpx.post(f"{served.url}/classify", timeout=60, **form(clip)).status_code
    except httpx.TransportError:
        return None


def test_a_token_is_wanted_where_one_is_set_and_a_stop_waits_for_what_runs(
    exported, home, clips, tmp_path, bundle
):
    environment = {"SORA_TOKEN": "sesame", "SORA_STATE": str(tmp_path / "state"), "SORA_MAX_REQUESTS": "2"}
    (tmp_path / "cwd" / "sora").mkdir(parents=True)
    (tmp_path / "cwd" / "sora" / "__init__.py").write_text("raise RuntimeError('the wrong sora')")
    bearer = {"Authorization": "Bearer sesame"}
    with serving(tmp_path / "cwd", tmp_path / "log", **environment) as one, one.client() as client:
        for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic c2U="}):
            refused = client.post("/classify", headers=headers, **form(clips[0]))
            assert refused.status_code == 401
            assert refused.headers["www-authenticate"] == "Bearer"
        assert client.get("/lineage").status_code == 401
        assert client.get("/health").status_code == 200
        lineage = client.get("/lineage", headers=bearer).json()
        assert Path(lineage["served_from"]).is_relative_to(home / "bentos" / "sora-video" / bundle.version)
        assert lineage["registry_version"] is None
        assert (lineage["lineage"], lineage["labels"]) == (bundle.lineage, list(LABELS))
        with ThreadPoolExecutor(24) as pool:
            fresh = [write_video(tmp_path / f"{seed}.mp4", seed=100 + seed) for seed in range(24)]
            waiting = [
                pool.submit(httpx.post, f"{one.url}/classify", headers=bearer, timeout=60, **form(clip))
                for clip in fresh
            ]
            answers = [each.result() for each in waiting]
        statuses = {answer.status_code for answer in answers}
        assert statuses == {200, 503}
        assert all(a.headers["retry-after"].isdigit() for a in answers if a.status_code == 503)
        last = ThreadPoolExecutor(1).submit(
            httpx.post, f"{one.url}/explain", headers=bearer, timeout=60, **form(clips[0])
        )
        time.sleep(0.3)
        one.process.terminate()
        assert last.result().status_code == 200
        json.dumps(last.result().json())
