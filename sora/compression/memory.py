"""How much memory a candidate needs: a process of its own loads it, runs one video and tells its peak."""

import resource
import subprocess
import sys
from pathlib import Path

import numpy as np

from sora.errors import SoraError
from sora.frames.inputs import NetworkInput
from sora.runtimes import load_backbone, load_head, segment_features


def peak_memory_bytes(backbone: Path, head: Path, given: Path) -> int:
    """Return the most memory that a fresh process held at a time: Python, the runtimes and both networks.

    ``given``: an .npz file with the ``images`` and ``descriptors`` of a video's ``NetworkInput``.

    Raises:
        SoraError: the networks do not run.
    """
    command = [sys.executable, "-m", __name__, str(backbone), str(head), str(given)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    if run.returncode:
        raise SoraError(f"{backbone}: cannot be run in a process of its own: {run.stderr.strip()}")
    return int(run.stdout)


def _main(backbone: str, head: str, given: str) -> None:
    with np.load(given, allow_pickle=False) as arrays:
        video = NetworkInput(arrays["images"], arrays["descriptors"])
    load_head(Path(head))(segment_features(video, load_backbone(Path(backbone))))
    print(_own_peak_bytes())


def _own_peak_bytes() -> int:
    # On Linux, getrusage also counts what the parent held when it started this process.
    status = Path("/proc/self/status")
    if status.exists():
        lines = status.read_text(encoding="ascii").splitlines()
        return 1024 * int(next(line.split()[1] for line in lines if line.startswith("VmHWM:")))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak


if __name__ == "__main__":
    _main(*sys.argv[1:])
