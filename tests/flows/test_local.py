import os
import socket
import subprocess
from pathlib import Path

import pytest

from flows import local
from sora.errors import SoraError


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def start(folder: Path, role: str) -> subprocess.Popen:
    """Start a process as if it belonged to the worker or the server of a folder."""
    mark = {"SORA_PREFECT": f"{role} {folder / '.sora/prefect'}"}
    return subprocess.Popen(["sleep", "60"], env=os.environ | mark)


def test_down_finds_what_belongs_to_this_folder_without_files_that_say_so(folder, tmp_path_factory):
    own = [start(folder, role) for role in ("worker", "server")]
    other = start(tmp_path_factory.mktemp("other"), "server")
    try:
        assert local.down()
        assert None not in [process.poll() for process in own]
        assert other.poll() is None
        assert not local.down()
    finally:
        for process in (*own, other):
            process.kill()


def test_a_port_that_is_taken_is_told(folder):
    (folder / "prefect.yaml").write_text("deployments: []\n")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(SoraError, match=f"port {port} is taken, .* choose another with --port"):
            local.up(port)


def test_up_wants_the_folder_of_a_project():
    with pytest.raises(SoraError, match=r"prefect\.yaml is not here"):
        local.up(None)
