"""A project that keeps itself alive: Prefect's server and worker, new videos, and a service that follows."""

import csv
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import yaml
from bento_servers import serving
from coded_clips import write_pictures
from projects import changed, write_params

from flows.drift import ALARM

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
BRIGHTNESS = {"dark": 60, "bright": 190}
SMALL: dict[str, dict[str, Any]] = {
    "ingest": {"source": "videos", "split_column": "split"},
    "validate": {"min_frames": 4, "max_confound_gain": 1.0},
    "preprocess": {"num_segments": 2, "image_size_px": 64},
    "extract": {
        "weights": "none",
        "blocks": ["mean"],
        "streams": {"names": ["rgb"]},
        "descriptors": {"names": ["colour"]},  # which tells dark from bright; random weights tell nothing
    },
    "train": {
        "blocks": ["colour"],
        "linear": {"classifiers": ["logistic"], "strengths": [10], "num_folds": 2},
    },
    "stress": {"num_videos": 0},
    "explain": {"num_videos": 0},
    "compress": {"runtimes": ["onnx"], "precisions": [], "latency_repeats": 3},
    "gate": {"max_latency_ratio": 1000.0},  # the machine may be busy
    "incoming": {"settle_seconds": 0},
}
EVERY_SECONDS = 5


class Project:
    """A small project of its own, with all that it starts."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.environment = {name: value for name, value in os.environ.items() if "PREFECT" not in name} | {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "BENTOML_HOME": str(folder / ".bentoml"),
            "SORA_STATE": str(folder / "state"),
            "SORA_REGISTRY": str(folder / "registry"),
            "DVC_NO_ANALYTICS": "1",
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        }
        shutil.copytree(ROOT / "flows", folder / "flows", ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copytree(ROOT / "sora", folder / "sora", ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copytree(ROOT / "docs", folder / "docs")
        (folder / "models").mkdir()
        for name in ("dvc.yaml", ".dvcignore", ".gitignore", "release.yaml", "models/none"):
            shutil.copy(ROOT / name, folder / name)
        self._write_settings()
        self._write_videos()
        for command in (
            ("git", "init", "-q"),
            (sys.executable, "-m", "dvc", "init", "-q"),
            (sys.executable, "-m", "dvc", "add", "-q", "videos"),
        ):
            self.run(*command)

    def run(self, *command: str) -> str:
        done = subprocess.run(
            command, cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def ask(self, path: str, body: dict[str, Any]) -> Any:
        answer = httpx.post(f"http://127.0.0.1:{self.port}/api{path}", json=body, timeout=30)
        answer.raise_for_status()
        return answer.json()

    def change_parameters(self, deployment: str, parameters: dict[str, Any]) -> None:
        """Change some parameters of a deployment, and wait until no run goes on with what they were."""
        named = {"deployments": {"name": {"any_": [deployment]}}}
        (found,) = self.ask("/deployments/filter", named)
        url = f"http://127.0.0.1:{self.port}/api/deployments/{found['id']}"
        httpx.patch(url, json={"parameters": found["parameters"] | parameters}).raise_for_status()
        under_way = named | {"flow_runs": {"state": {"type": {"any_": ["SCHEDULED", "PENDING", "RUNNING"]}}}}

        def all_know() -> bool:
            runs = self.ask("/flow_runs/filter", under_way)
            return all(parameters.items() <= run["parameters"].items() for run in runs)

        eventually(all_know, 120)

    def ended_runs(self, flow: str) -> list[dict[str, Any]]:
        """Return the runs of a flow that have ended, the last one first."""
        body = {
            "flows": {"name": {"any_": [flow]}},
            "flow_runs": {"state": {"type": {"any_": ["COMPLETED", "FAILED", "CRASHED"]}}},
            "sort": "END_TIME_DESC",
        }
        return list(self.ask("/flow_runs/filter", body))

    def send(self, label: str, shows: str, seeds: range) -> None:
        """Put videos into the folder for new ones in one go; the label need not be what they show."""
        sent = self.folder / "sent"
        for seed in seeds:
            write_clip(sent / f"{shows}{seed}.mp4", BRIGHTNESS[shows], seed)
        target = self.folder / "data/incoming" / label
        target.mkdir(parents=True, exist_ok=True)
        sent.rename(target / f"of{seeds.start}")

    def _write_settings(self) -> None:
        params = yaml.safe_load((ROOT / "params.yaml").read_text())
        write_params(self.folder, changed(params, SMALL))
        deployed = yaml.safe_load((ROOT / "prefect.yaml").read_text())
        for deployment in deployed["deployments"]:
            is_incoming = deployment["name"] == "incoming"
            deployment["schedules"] = [{"interval": EVERY_SECONDS}] if is_incoming else []
        (self.folder / "prefect.yaml").write_text(yaml.safe_dump(deployed, sort_keys=False))

    def _write_videos(self) -> None:
        rows = [["path", "label", "split"]]
        for label, brightness in BRIGHTNESS.items():
            for seed in range(8):
                path = write_clip(self.folder / "videos" / label / f"{seed}.mp4", brightness, seed)
                split = "test" if seed < 4 else "train"
                rows.append([path.relative_to(self.folder / "videos").as_posix(), label, split])
        with (self.folder / "videos/labels.csv").open("w", newline="") as file:
            csv.writer(file).writerows(rows)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def write_clip(path: Path, brightness: int, seed: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng([brightness, seed])
    pictures = [
        np.kron(rng.integers(brightness - 40, brightness + 40, (8, 12, 3)), np.ones((8, 8, 1))).astype(
            np.uint8
        )
        for _ in range(12)
    ]
    return write_pictures(path, pictures, "mpeg4", fps=10)


def eventually(found: Callable[[], Any], seconds: float) -> Any:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if value := found():
            return value
        time.sleep(0.3)
    raise AssertionError(f"not within {seconds} s")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A project whose first model serves, with Prefect at work beside it."""
    made = Project(tmp_path_factory.mktemp("alive"))
    starting = subprocess.Popen(
        ["sora", "up", "--port", str(made.port)],
        cwd=made.folder,
        env=made.environment,
        stdout=subprocess.PIPE,
    )
    try:
        made.run(sys.executable, "-m", "dvc", "repro", "-q")
        made.run("sora", "promote")
        assert starting.wait(180) == 0
        yield made
    finally:
        starting.kill()
        subprocess.run(["sora", "down"], cwd=made.folder, env=made.environment, check=True)


def test_new_videos_lead_to_a_new_model_and_poisoned_ones_to_none(project, tmp_path):
    own = ("BENTOML_HOME", "SORA_STATE", "SORA_REGISTRY")
    with serving(tmp_path, tmp_path / "log", **{name: project.environment[name] for name in own}) as served:

        def versions() -> set[str]:
            """Return what some answers are of: each worker turns to another version by itself."""
            return {httpx.get(f"{served.url}/health", timeout=30).json()["model_version"] for _ in range(8)}

        def judged(known: int) -> dict[str, Any] | None:
            """Return the first run that judged a candidate after so many that did, or failed."""
            runs = [
                run for run in project.ended_runs("sora-incoming") if run["state"]["name"] != "Nothing new"
            ]
            return runs[0] if len(runs) > known else None

        (first,) = versions()
        project.send("dark", "dark", range(20, 23))
        project.send("bright", "bright", range(20, 23))
        promoted = eventually(lambda: judged(0), 400)
        assert promoted["state"]["name"] == "Promoted", promoted["state"]["message"]
        assert promoted["auto_scheduled"]  # nobody started it
        second = promoted["state"]["message"].removeprefix("6 taken in; ").removesuffix(" serves")
        assert second != first
        eventually(lambda: versions() == {second}, 10)

        project.change_parameters("incoming", {"by_update": True})
        project.send("dark", "bright", range(40, 60))
        project.send("bright", "dark", range(40, 60))
        rejected = eventually(lambda: judged(1), 400)
        assert rejected["state"]["name"] == "Rejected", rejected["state"]["message"]
        assert "recall of" in rejected["state"]["message"]
        assert versions() == {second}
        trained = json.loads((project.folder / "reports/training.json").read_text())
        assert trained["inner"]["num_new"] == 40  # by an update of the model that serves

    keys = {artifact["key"] for artifact in project.ask("/artifacts/filter", {})}
    assert {"sora-model", "sora-report", "sora-gate"} <= keys


def test_an_alarm_of_drift_starts_the_nightly_run(project):
    resource = {"prefect.resource.id": "sora.project.x"}
    code = f"from prefect.events import emit_event; emit_event({ALARM!r}, {resource!r})"
    api = {"PREFECT_API_URL": f"http://127.0.0.1:{project.port}/api"}
    subprocess.run([sys.executable, "-c", code], env=project.environment | api, check=True)
    body = {"flows": {"name": {"any_": ["sora-nightly"]}}}
    (run,) = eventually(lambda: project.ask("/flow_runs/filter", body), 60)
    assert run["created_by"]["type"] == "AUTOMATION"
    assert run["deployment_id"]


def test_up_may_be_said_again_and_down_leaves_nothing(project):
    again = project.run("sora", "up")
    assert str(project.port) in again
    assert project.run("sora", "down") == "stopped\n"
    assert project.run("sora", "down") == "nothing was running\n"
    with pytest.raises(httpx.ConnectError):
        project.ask("/flow_runs/filter", {})
