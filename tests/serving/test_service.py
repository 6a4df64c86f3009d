"""The Bento, served by BentoML's own server: one test process, several servers."""

import asyncio
import http.client
import http.server
import json
import threading
from collections.abc import Iterator
from contextlib import closing, nullcontext
from pathlib import Path

import pytest
from bento_servers import post, serving
from bentoml.exceptions import BentoMLException
from bundles import LABELS, tiny_bundle, write_video

from sora.serving.bento import build_bento
from sora.serving.limits import MAX_BYTES, BodyLimit

CHECKOUT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Iterator[Path]:
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("bentoml")
        patch.setenv("BENTOML_HOME", str(folder))
        patch.setenv("BENTOML_DO_NOT_TRACK", "True")
        yield folder


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    return tiny_bundle(tmp_path_factory.mktemp("bundle") / "sora")


@pytest.fixture(scope="module")
def exported(home, bundle, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("exported") / "sora.bento"
    assert build_bento(bundle.folder, path) == f"sora-video:{bundle.version}"
    return path


@pytest.mark.slow
def test_served_from_the_checkout_folder(exported, home, bundle, tmp_path):
    with serving(CHECKOUT, tmp_path / "log") as url:
        status, text = post(f"{url}/lineage")
        assert status == 200
        lineage = json.loads(text)
        for suffix in ("avi", "mp4", "mkv"):
            status, text = post(f"{url}/classify", write_video(tmp_path / f"clip.{suffix}"))
            assert status == 200, text
            answer = json.loads(text)
            assert tuple(answer["probabilities"]) == LABELS
            assert sum(answer["probabilities"].values()) == pytest.approx(1, abs=1e-5)
            assert answer["label"] == max(answer["probabilities"], key=answer["probabilities"].get)
            assert answer["model_version"] == bundle.version
            assert "warning" not in answer
    assert Path(lineage["served_from"]).is_relative_to(home / "bentos" / "sora-video" / bundle.version)
    assert lineage["lineage"] == bundle.lineage


@pytest.mark.slow
def test_a_package_of_the_same_name_in_the_folder_is_not_imported(exported, home, tmp_path):
    fake = tmp_path / "cwd" / "sora" / "__init__.py"
    fake.parent.mkdir(parents=True)
    fake.write_text("raise RuntimeError('the wrong sora')")
    with serving(tmp_path / "cwd", tmp_path / "log") as url:
        status, text = post(f"{url}/lineage")
    assert status == 200
    assert Path(json.loads(text)["served_from"]).is_relative_to(home)


@pytest.mark.slow
def test_what_is_no_video_is_refused_with_the_reason(exported, tmp_path):
    (tmp_path / "empty").mkdir()
    text_file = tmp_path / "text.mp4"
    text_file.write_text("no video at all")
    with serving(tmp_path / "empty", tmp_path / "log") as url:
        answers = [
            post(f"{url}/classify", text_file),
            post(f"{url}/classify", write_video(tmp_path / "black.mp4", brightness=0)),
            post(f"{url}/classify"),
        ]
        good, _ = post(f"{url}/classify", write_video(tmp_path / "clip.mkv"))
    assert [status for status, _ in answers] == [400, 400, 400]
    for (_, text), reason in zip(answers, ("not a readable video", "brightness", "video"), strict=True):
        assert reason in text
        json.loads(text)
    assert good == 200


def post_raw(url: str, body: bytes, **headers: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=60)
    with closing(connection):
        connection.request("POST", "/classify", body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()


@pytest.mark.slow
def test_addresses_are_not_fetched_and_large_bodies_not_read(exported, tmp_path):
    asked = []

    class Other(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_error(404)

    (tmp_path / "empty").mkdir()
    with (
        http.server.HTTPServer(("127.0.0.1", 0), Other) as other,
        serving(tmp_path / "empty", tmp_path / "log") as url,
    ):
        threading.Thread(target=other.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{other.server_port}/clip.mp4"
        part = f'--edge\r\nContent-Disposition: form-data; name="video"\r\n\r\n{address}\r\n--edge--\r\n'
        multipart = "multipart/form-data; boundary=edge"
        answers = [
            post_raw(url, part.encode(), **{"Content-Type": multipart}),
            post_raw(
                url, f"video={address}".encode(), **{"Content-Type": "application/x-www-form-urlencoded"}
            ),
            post_raw(url, json.dumps({"video": address}).encode(), **{"Content-Type": "application/json"}),
        ]
        large = post_raw(url, b"", **{"Content-Type": multipart, "Content-Length": str(MAX_BYTES + 1)})
        other.shutdown()
    assert [status for status, _ in answers] == [400, 400, 400], answers
    assert all("send the file itself" in text for _, text in answers[:2])
    assert asked == []
    assert large[0] == 413
    assert "larger than" in large[1]


@pytest.mark.parametrize(
    ("chunks", "fits"), [([b"12345", b"67890"], True), ([b"12345", b"67890", b"1"], False)]
)
def test_a_body_of_untold_length_is_counted(chunks, fits):
    read = []

    async def app(scope, receive, send):
        while (message := await receive())["more_body"]:
            read.append(message["body"])

    async def receive():
        body = left.pop(0) if left else b""
        return {"type": "http.request", "body": body, "more_body": bool(body)}

    left = list(chunks)
    limit = BodyLimit(app, max_bytes=10)
    expected = nullcontext() if fits else pytest.raises(BentoMLException, match="larger than 10 bytes")
    with expected as caught:
        asyncio.run(limit({"type": "http", "headers": []}, receive, None))
    assert read == chunks[:2]
    assert fits or caught.value.error_code == 413
