import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import psutil
import pytest
import yaml

from flows.dvc_stage import StageError, TemporaryStageError, outcome_of
from sora.stages import STAGES

CHECKOUT = Path(__file__).parents[2]
DELAY_SECONDS = 1
NUM_STAGES = len(STAGES)

LOG_TIMES = """\
import pathlib, sys, time
name, source, seconds = sys.argv[1:]
started = time.time()
text = pathlib.Path(source).read_text()
fault = pathlib.Path(f"fault_{name}.py")
if fault.exists():
    exec(fault.read_text())
time.sleep(float(seconds))
pathlib.Path(f"{name}.txt").write_text(text + name + "\\n")
with open("times.log", "a") as log:
    log.write(f"{name} {started} {time.time()}\\n")
"""


EXIT_75_TWICE = """\
tries = pathlib.Path("tries")
tries.write_text((tries.read_text() if tries.exists() else "") + "x")
if len(tries.read_text()) < 3:
    sys.exit(75)
"""


class TestOutcome:
    def test_a_skipped_stage_keeps_dvcs_words(self):
        lines = ["'data/raw.dvc' didn't change, skipping", "Stage 'train' didn't change, skipping"]
        assert outcome_of("train", lines, 0) == (True, "Stage 'train' didn't change, skipping")

    def test_a_stage_whose_upstream_ran_is_not_skipped(self):
        lines = ["Running stage 'data/dvc.yaml:demo':", "Stage 'ingest' didn't change, skipping"]
        assert not outcome_of("ingest", lines, 0).skipped

    def test_a_result_from_dvcs_run_cache_is_skipped(self):
        line = "Stage 'train' is cached - skipping run, checking out outputs"
        assert outcome_of("train", [line, "Updating lock file 'dvc.lock'"], 0) == (True, line)

    @pytest.mark.parametrize(
        "told",
        [
            "ERROR: failed to reproduce 'a': failed to run: cmd, exited with 75",
            "ERROR: Unable to acquire lock. Most likely another DVC process is running or was terminated",
            "ERROR: failed to reproduce 'b': '/p/y' is busy, it is being blocked by:",
        ],
    )
    def test_what_a_retry_can_mend(self, told):
        with pytest.raises(TemporaryStageError):
            outcome_of("a", [told], 255)

    def test_words_of_the_stage_alone_do_not_ask_for_a_retry(self):
        lines = [
            "error: wget exited with 75",
            "ERROR: failed to reproduce 'a': failed to run: c, exited with 1",
        ]
        with pytest.raises(StageError, match=r"^a: error: wget exited with 75$") as raised:
            outcome_of("a", lines, 255)
        assert not isinstance(raised.value, TemporaryStageError)

    def test_without_an_error_line_the_end_of_the_output_is_told(self):
        with pytest.raises(StageError, match=r"^a: dvc repro exited with 255: './dvc.yaml' is invalid\.$"):
            outcome_of("a", ["'./dvc.yaml' is invalid.", ""], 255)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """The environment in which Prefect talks to a server of its own."""
    home = tmp_path_factory.mktemp("prefect")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")} | {
        "PREFECT_HOME": str(home),
        "PREFECT_SERVER_DATABASE_CONNECTION_URL": f"sqlite+aiosqlite:///{home}/prefect.db",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_UI_ENABLED": "false",
        "PREFECT_API_URL": f"http://127.0.0.1:{port}/api",
        "DVC_NO_ANALYTICS": "1",
        "PYTHONPATH": str(CHECKOUT),
    }
    command = ["-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", port]
    with (home / "server.log").open("w") as log:
        process = subprocess.Popen([sys.executable, *command], env=environment, stdout=log, stderr=log)
    try:
        wait_until(lambda: is_healthy(environment["PREFECT_API_URL"]), 120)
        yield environment
    finally:
        process.terminate()
        process.wait(30)


@pytest.fixture
def project(tmp_path, server):
    """Eight stages that append their name to what the one before wrote, and one upstream in data/."""
    (tmp_path / "data").mkdir()
    (tmp_path / "log_times.py").write_text(LOG_TIMES)
    write_stages(tmp_path, seconds=0)
    upstream = {"demo": {"cmd": "echo demo > raw.txt", "outs": ["raw.txt"]}}
    (tmp_path / "data" / "dvc.yaml").write_text(yaml.safe_dump({"stages": upstream}))
    for command in (["git", "init", "-q"], [sys.executable, "-m", "dvc", "init", "-q"]):
        subprocess.run(command, cwd=tmp_path, env=server, check=True)
    return tmp_path


def write_stages(folder, seconds):
    sources = ["data/raw.txt", *(f"{name}.txt" for name in STAGES)]
    stages = {
        name: {
            "cmd": f"python log_times.py {name} {source} {seconds}",
            "deps": [source],
            "outs": [f"{name}.txt"],
        }
        for name, source in zip(STAGES, sources, strict=False)
    }
    (folder / "dvc.yaml").write_text(yaml.safe_dump({"stages": stages}))


def start(folder, environment):
    return subprocess.Popen(
        [sys.executable, "-m", "flows.pipeline", "--retry-delay-seconds", str(DELAY_SECONDS)],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def run(folder, environment):
    process = start(folder, environment)
    output, _ = process.communicate(timeout=120)
    return process.returncode, output


def ask(environment, path, body):
    answer = httpx.post(f"{environment['PREFECT_API_URL']}{path}", json=body, timeout=30)
    answer.raise_for_status()
    return answer.json()


def last_flow_run(environment):
    return ask(environment, "/flow_runs/filter", {"sort": "START_TIME_DESC", "limit": 1})[0]


def task_runs(environment, num_expected=NUM_STAGES):
    """The last flow run's task runs in order; the server learns of them a little later than the client."""
    body = {"flow_runs": {"id": {"any_": [last_flow_run(environment)["id"]]}}}

    def ended():
        found = ask(environment, "/task_runs/filter", body)
        return found if len(found) == num_expected and all(run["end_time"] for run in found) else None

    return sorted(wait_until(ended, 20), key=lambda run: run["start_time"])


def is_healthy(url):
    try:
        return httpx.get(f"{url}/health").is_success
    except httpx.TransportError:
        return False


def wait_until(ready, seconds):
    for _ in range(seconds * 5):
        if found := ready():
            return found
        time.sleep(0.2)
    raise TimeoutError(f"{ready} after {seconds} s")


@pytest.mark.slow
class TestPipeline:
    def test_the_first_run_runs_all_stages_and_the_second_skips_them(self, project, server):
        (project / "fault_ingest.py").write_text(EXIT_75_TWICE)
        code, output = run(project, server)
        assert code == 0, output
        assert [(run["name"], run["state"]["name"], run["run_count"]) for run in task_runs(server)] == [
            (name, "Completed", 3 if name == "ingest" else 1) for name in STAGES
        ]
        assert (project / "tries").read_text() == "xxx"
        assert (project / "package.txt").read_text().split() == ["demo", *STAGES]

        code, output = run(project, server)
        assert code == 0, output
        assert [
            (run["name"], run["state"]["name"], run["state"]["message"]) for run in task_runs(server)
        ] == [(name, "Cached", f"Stage '{name}' didn't change, skipping") for name in STAGES]

    def test_a_failing_stage_fails_the_run_in_its_own_words(self, project, server):
        (project / "fault_validate.py").write_text("sys.exit('error: 3 of 4 videos are broken')")
        code, output = run(project, server)
        assert code == 1
        assert output.splitlines()[-1] == "validate: error: 3 of 4 videos are broken"
        assert "Traceback" not in output
        flow_run = last_flow_run(server)
        ingest, validate = task_runs(server, 2)
        assert (ingest["state"]["type"], validate["state"]["type"]) == ("COMPLETED", "FAILED")
        assert validate["run_count"] == 1
        assert "error: 3 of 4 videos are broken" in validate["state"]["message"]
        assert flow_run["state"]["type"] == "FAILED"
        assert "error: 3 of 4 videos are broken" in flow_run["state"]["message"]

    def test_a_second_run_waits_until_the_first_has_ended(self, project, server, tmp_path_factory):
        other = tmp_path_factory.mktemp("other") / "project"
        subprocess.run(["cp", "-r", str(project), str(other)], check=True)
        for folder, seconds in ((project, 20), (other, 0.2)):
            write_stages(folder, seconds=seconds)
            (folder / "fault_validate.py").write_text("sys.exit('error: stop here')")
        (project / "fault_ingest.py").write_text("pathlib.Path('started').touch()")
        first = start(project, server)
        assert wait_until((project / "started").exists, 60)
        second = start(other, server)
        outputs = [process.communicate(timeout=120)[0] for process in (first, second)]
        waited = ["Waiting: another run is writing" in output for output in outputs]
        assert waited == [False, True]
        assert times(project)[-1][1] <= times(other)[0][0]

    # The last one: the killed run's lease holds the slot for a minute more.
    def test_a_killed_run_takes_its_stage_with_it(self, project, server):
        (project / "fault_ingest.py").write_text(
            "pathlib.Path('pid').write_text(f'{__import__(\"os\").getpid()}')"
        )
        write_stages(project, seconds=60)
        process = start(project, server)
        wait_until(lambda: (project / "pid").exists() and (project / "pid").read_text(), 60)
        stage = psutil.Process(int((project / "pid").read_text()))
        process.send_signal(signal.SIGKILL)
        stage_is_gone = wait_until(lambda: not stage.is_running(), 20)
        assert stage_is_gone


def times(folder):
    """(start, end) of each stage that ended, in order."""
    lines = (folder / "times.log").read_text().splitlines()
    return [tuple(map(float, line.split()[1:])) for line in lines]
