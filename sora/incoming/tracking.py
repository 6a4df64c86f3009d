"""The source as a version that DVC can restore."""

import subprocess
import sys
from pathlib import Path

from sora.errors import SoraError


def require_own_folder(source: Path) -> None:
    """Refuse a source that a stage of DVC writes: the next run of it would remove what was taken in.

    Raises:
        SoraError: it is one, or this is no DVC project.
    """
    from dvc.exceptions import NotDvcRepoError, OutputNotFoundError
    from dvc.repo import Repo

    try:
        with Repo() as repo:
            stage = repo.find_outs_by_path(str(source), strict=False)[0].stage
    except NotDvcRepoError as error:
        raise SoraError(f"{Path.cwd()} is no DVC project; run from the folder of the project") from error
    except OutputNotFoundError:
        return
    if not stage.is_data_source:
        raise SoraError(
            f"ingest.source is {source}, which the stage {stage.addressing} of DVC writes anew; copy it to a "
            "folder of your own (cp -r), name that in ingest.source, and take videos in there"
        )


def track(source: Path) -> bool:
    """Have DVC keep the source as it is now; only files that are new to it are read.

    False: it lies outside of the project, where DVC keeps nothing.

    Raises:
        SoraError: DVC refuses.
    """
    if not source.resolve().is_relative_to(Path.cwd().resolve()):
        return False
    command = [sys.executable, "-m", "dvc", "add", "--quiet", str(source)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip() or "it does not say why").splitlines()
        raise SoraError(f"dvc add {source} failed: {said[0].removeprefix('ERROR: ')}; then run sora take-in")
    return True
