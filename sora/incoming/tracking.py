"""The source as a version that DVC can restore."""

import subprocess
import sys
from pathlib import Path

from sora.errors import SoraError


def require_own_folder(source: Path) -> None:
    """Refuse a source that DVC could not keep: a stage's output, which is written anew, or a folder of git.

    Raises:
        SoraError: it is one of them, or this is no DVC project.
    """
    from dvc.exceptions import NotDvcRepoError, OutputNotFoundError
    from dvc.repo import Repo

    try:
        with Repo() as repo:
            try:
                stage = repo.find_outs_by_path(str(source), strict=False)[0].stage
            except OutputNotFoundError:
                stage = None
            is_in_git = stage is None and repo.scm.is_tracked(str(source))
    except NotDvcRepoError as error:
        raise SoraError(f"{Path.cwd()} is no DVC project; run from the folder of the project") from error
    if stage is not None and not stage.is_data_source:
        raise SoraError(
            f"ingest.source is {source}, which the stage {stage.addressing} of DVC writes anew; copy it to a "
            "folder of your own (cp -r), name that in ingest.source, and take videos in there"
        )
    if is_in_git:
        raise SoraError(
            f"git tracks {source}, where DVC should: git rm -r --cached {source}; dvc add {source}"
        )


def track(source: Path) -> bool:
    """Have DVC keep the source as it is now; only files that are new to it are read.

    False: it lies outside of the project, where DVC keeps nothing.

    Raises:
        SoraError: DVC refuses.
    """
    if not source.resolve().is_relative_to(Path.cwd().resolve()):
        return False
    command = [sys.executable, "-m", "dvc", "add", str(source)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if line.startswith("ERROR: ")]
        reason = said[0].removeprefix("ERROR: ").strip() if said else f"exit code {done.returncode}"
        raise SoraError(f"dvc add {source} failed: {reason}; mend that and run sora take-in again")
    return True
