"""Kills and full disks, in a process of their own that forks; with a step of 1 it tries every place."""

import os
import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).parents[1]
STEP = 7


def test_one_whole_model_serves_wherever_it_is_broken_off_and_the_next_run_repairs(tmp_path: Path):
    folders = os.pathsep.join([str(TESTS), str(TESTS.parent)])
    done = subprocess.run(
        [sys.executable, "-B", str(TESTS / "registry_faults.py"), str(tmp_path), str(STEP)],
        env={**os.environ, "PYTHONPATH": folders, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    tried = {
        tuple(words[:2]): [int(word) for word in words[2:]]
        for words in map(str.split, done.stdout.splitlines())
    }
    assert len(tried) == 6
    for (mode, _), (num_tries, num_moved) in tried.items():
        assert num_tries > 5
        assert mode == "random" or 0 < num_moved < num_tries
