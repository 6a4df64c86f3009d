"""Every kind of request at once, good and hostile: each gets its right answer, and nothing is left behind."""

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import httpx
import psutil
import pytest
from bundles import write_video

from benchmarks.hostile import KINDS, Target, answered, form, hostile_videos, outcome_of, redirecting
from sora.serving.bento.build import build_bento
from sora.serving.feedback import read_feedback

pytestmark = pytest.mark.slow

NUM_CLIENTS, ROUNDS, NUM_AT_ONCE = 6, 2, 40
NO_TOKEN = {name: kind for name, kind in KINDS.items() if name != "wrong token"}


@pytest.fixture
def target(served, tmp_path):
    clip = write_video(tmp_path / "clip.mp4", seed=77).read_bytes()
    with redirecting() as files:
        yield Target(served.url, clip, hostile_videos(tmp_path, clip), files)


def test_every_request_gets_its_right_answer_and_nothing_is_left(served, state, target):
    workers = _workers(served)
    tasks = list(NO_TOKEN.items()) * ROUNDS + [("at once", KINDS["new clip"])] * NUM_AT_ONCE
    with ThreadPoolExecutor(NUM_CLIENTS) as pool:
        outcomes = list(pool.map(lambda task: (task[0], task[1].send(target)), tasks))
    right = NO_TOKEN | {"at once": KINDS["new clip"]}
    assert [one for one in outcomes if one[1] not in right[one[0]].right] == []
    assert Counter(got for _, got in outcomes)["200"] > 20  # it was not only busy
    assert _workers(served) == workers
    assert httpx.get(f"{served.url}/health", timeout=10).json()["status"] == "ok"
    kept = {one.content_hash for one in read_feedback(state / "feedback")}
    assert set(target.acknowledged) <= kept
    for place in target.jobs:
        _wait_until(lambda: answered(target, place, "GET").json()["status"] in ("done", "cancelled"))  # noqa: B023
    _wait_until(lambda: _files(state) == [])


def test_killed_decoders_are_replaced_before_the_next_request(served, target, bundle, contents, tmp_path):
    build_bento(bundle.folder, tmp_path / "again.bento", contents)  # which takes the place of what is served
    decoders = [one for worker in _workers(served) for one in worker.children() if _reads_videos(one)]
    assert len(decoders) >= 2
    for one in decoders:
        one.kill()
    for _ in range(6):  # both workers take some
        assert outcome_of(lambda: answered(target, **form(target.new_clip()))) == "200"


def _workers(served) -> list[psutil.Process]:
    children = psutil.Process(served.process.pid).children()
    return [one for one in children if "_bentoml_impl.worker.service" in _command(one)]


def _reads_videos(process: psutil.Process) -> bool:
    return "spawn_main" in _command(process)


def _command(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.NoSuchProcess:  # that of a job ends when it is done
        return ""


def _files(state) -> list:
    return [path for path in (state / "scratch").rglob("*") if path.is_file() and path.name != ".lock"]


def _wait_until(holds) -> None:
    end = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.2)
