"""Schemathesis against the real server: whatever fits the description, and what does not, is answered."""

import re
import subprocess
import sys

import pytest

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
)


@pytest.mark.slow
def test_no_request_makes_the_server_fail_or_break_its_description(served, tmp_path):
    finished = subprocess.run(
        [
            sys.executable,
            "-m",
            "schemathesis.cli",
            "run",
            f"{served.url}/openapi.json",
            f"--checks={','.join(CHECKS)}",
            "--phases=examples,coverage,fuzzing",
            "--max-examples=10",
            "--seed=7",
            "--workers=1",
            "--generation-database=none",
            "--request-timeout=30",
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stdout[-6000:] + finished.stderr[-2000:]
    counted = re.search(r"(\d+) generated, (\d+) passed", finished.stdout)
    assert counted, finished.stdout[-2000:]
    assert int(counted[1]) == int(counted[2]) > 500
