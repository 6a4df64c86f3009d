"""Work on two Dask workers, each a process that can be killed."""

import os
import shutil
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import dask
import psutil
import pytest
from distributed import LocalCluster
from mean_networks import write_mean_network
from small_data import Clip, run_stages, write_params, write_project
from video_jobs import job, write_slowly

from sora import layout
from sora.attempt import Outcome
from sora.cluster import _workers_here
from sora.errors import SoraError
from sora.manifest import read_table, write_table
from sora.params import Execution, Runtime
from sora.stages import extract, preprocess
from sora.work import map_videos

RUNTIME = Runtime(num_workers=2, video_timeout_seconds=5.0, video_memory_gib=2.0)


@pytest.fixture(scope="module")
def workers() -> Iterator[LocalCluster]:
    with dask.config.set({"distributed.scheduler.allowed-failures": 0}), _workers_here(2) as cluster:
        yield cluster


@pytest.fixture
def runtime(workers: LocalCluster) -> Runtime:
    return replace(RUNTIME, execution=Execution("dask", workers.scheduler_address))


def pids(workers: LocalCluster) -> list[int]:
    return [nanny.pid for nanny in workers.workers.values()]


def children_of(pid: int) -> list[psutil.Process]:
    """The living processes that work on videos; the other is multiprocessing's own."""
    found = [child for child in psutil.Process(pid).children() if child.status() != psutil.STATUS_ZOMBIE]
    return [child for child in found if any("spawn_main" in part for part in child.cmdline())]


def wait_until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 300
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_one_bad_item_costs_that_item_alone(runtime: Runtime, capsys: pytest.CaptureFixture[str]):
    items = ["bad", "crash", "a", "hang", "b"]
    outcomes = map_videos(job, items, runtime, "read", num_stored=4)
    assert outcomes == [
        Outcome(None, "is empty (0 bytes)"),
        Outcome(None, "crashed the decoder (exit code 3)"),
        Outcome(("a", "done")),
        Outcome(None, "took longer than 5 s to read"),
        Outcome(("b", "done")),
    ]
    assert capsys.readouterr().err.endswith(", 4 already stored\n")


def test_a_video_that_ends_workers_costs_itself_alone(runtime: Runtime):
    outcomes = map_videos(job, ["a", "kill", "b", "c"], runtime, "read")
    assert [outcome.value and outcome.value[0] for outcome in outcomes] == ["a", None, "b", "c"]
    assert outcomes[1].reason == "ended 1 workers, one after the other"


def test_faults_are_raised_and_end_the_children(runtime: Runtime, workers: LocalCluster):
    with pytest.raises(ValueError, match="a fault of the program"):
        map_videos(job, ["bug", "a"], runtime, "read")
    wait_until(lambda: not any(map(children_of, pids(workers))))


def results() -> dict[Path, bytes]:
    folders = (layout.FACTS, layout.THUMBNAILS, layout.CLIPS, layout.FEATURES)
    tables = [layout.MANIFEST, layout.CLIP_INDEX, layout.FEATURE_INDEX]
    return {path: path.read_bytes() for path in [*tables, *(p for f in folders for p in f.iterdir())]}


def run_to_extract() -> None:
    run_stages(["ingest"])
    write_table(layout.VALIDATED, read_table(layout.MANIFEST))
    run_stages(["preprocess", "extract"])


def test_results_are_those_of_one_machine_although_a_worker_is_killed(
    workers: LocalCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(extract, "_write_backbone", lambda *given: write_mean_network(64))
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    write_project(here, [Clip(label, (90, 90, 90 + 20 * i)) for i in range(4) for label in ("a", "b")])
    shutil.copytree(here, there)
    monkeypatch.chdir(here)
    run_to_extract()
    wanted = results()
    monkeypatch.chdir(there)
    write_params(there, {"execution": {"engine": "dask", "address": workers.scheduler_address}})
    monkeypatch.setattr(preprocess, "write_clean_clip", write_slowly)
    victim = psutil.Process(pids(workers)[0])
    orphans: list[psutil.Process] = []

    def kill() -> None:
        wait_until(lambda: layout.CLIPS.is_dir() and len(list(layout.CLIPS.iterdir())) >= 2)
        orphans.extend(children_of(victim.pid))
        victim.kill()

    killer = threading.Thread(target=kill)
    killer.start()
    run_to_extract()
    killer.join()
    assert results() == wanted
    assert len(wanted) == 3 + 8 * 4
    assert orphans
    wait_until(lambda: not any(child.is_running() for child in orphans))


def test_children_end_with_a_client_that_is_killed(runtime: Runtime, workers: LocalCluster, tmp_path: Path):
    program = f"""
        from dataclasses import replace
        from sora.params import Execution, Runtime
        from sora.work import map_videos
        from video_jobs import job
        if __name__ == "__main__":
            runtime = Runtime(2, 600.0, 2.0, Execution("dask", {workers.scheduler_address!r}))
            map_videos(job, ["hang"], runtime, "read")
    """
    (tmp_path / "program.py").write_text(textwrap.dedent(program))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    client = subprocess.Popen([sys.executable, "program.py"], cwd=tmp_path, env=environment)
    wait_until(lambda: any(map(children_of, pids(workers))))
    time.sleep(0.5)  # it may still be starting: then it ends as well
    os.kill(client.pid, signal.SIGKILL)
    client.wait()
    wait_until(lambda: not any(map(children_of, pids(workers))))


def test_a_cluster_without_workers_is_one_clear_error(runtime: Runtime, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("sora.cluster._WORKER_SECONDS", 0.3)
    monkeypatch.setattr("distributed.Client.scheduler_info", lambda client: {"workers": {}})
    monkeypatch.setattr("distributed.Client.wait_for_workers", lambda *given, **more: None)
    with pytest.raises(ConnectionError, match="the Dask cluster has no workers any more"):
        map_videos(job, [1.5], runtime, "read")


def test_other_versions_and_nobody_are_one_clear_error(runtime: Runtime, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("sora.cluster._CONNECT_SECONDS", 0.5)
    nobody = replace(RUNTIME, execution=Execution("dask", "tcp://127.0.0.1:1"))
    with pytest.raises(SoraError, match=r"no Dask scheduler answers at tcp://127\.0\.0\.1:1 "):
        map_videos(job, ["a"], nobody, "read")
    from sora import cluster

    found = cluster._versions()
    monkeypatch.setattr(cluster, "_versions", lambda: found | {"numpy": "1.0"})
    with pytest.raises(SoraError, match=r"the Dask worker tcp://.* has numpy .*, and here it is 1\.0; "):
        map_videos(job, ["a"], runtime, "read")
