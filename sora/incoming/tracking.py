"""The source as a version that DVC can restore."""

import subprocess
import sys
from pathlib import Path

from sora.errors import SoraError


def require_no_output(source: Path, project: Path) -> None:
    """Refuse a source that a stage of DVC writes anew; nothing is refused where the project is not DVC's.

    Raises:
        SoraError: it is one, or DVC cannot read its files.
    """
    if not (project / ".dvc").is_dir():
        return
    from dvc.exceptions import DvcException, OutputNotFoundError
    from dvc.repo import Repo

    try:
        with Repo(str(project)) as repo:
            stage = repo.find_outs_by_path(str(source), strict=False)[0].stage
    except OutputNotFoundError:
        return
    except DvcException as error:
        raise SoraError(f"DVC cannot read this project: {error}; mend that, or run sora repair") from error
    if not stage.is_data_source:
        raise SoraError(
            f"ingest.source is {source}, which the stage {stage.addressing} of DVC writes anew; copy it to a "
            "folder of your own (cp -r) and name that in ingest.source"
        )


def require_own_folder(source: Path, project: Path) -> None:
    """Refuse a source that DVC could not keep: a stage's output, or a folder of git.

    Raises:
        SoraError: it is one of them, or this is no DVC project.
    """
    from dvc.exceptions import NotDvcRepoError
    from dvc.repo import Repo

    require_no_output(source, project)
    try:
        with Repo(str(project)) as repo:
            is_in_git = repo.scm.is_tracked(str(source))
    except NotDvcRepoError as error:
        where = project.resolve()
        raise SoraError(f"{where} is no DVC project; run from the folder of the project") from error
    if is_in_git:
        raise SoraError(
            f"git tracks {source}, where DVC should: git rm -r --cached {source}; dvc add {source}"
        )


def track(source: Path, project: Path) -> bool:
    """Have DVC keep the source as it is now; only files that are new to it are read.

    False: it lies outside of the project, where DVC keeps nothing.

    Raises:
        SoraError: DVC refuses.
    """
    if not source.resolve().is_relative_to(project.resolve()):
        return False
    command = [sys.executable, "-m", "dvc", "add", str(source.absolute())]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if line.startswith("ERROR: ")]
        reason = said[0].removeprefix("ERROR: ").strip() if said else f"exit code {done.returncode}"
        raise SoraError(f"dvc add {source} failed: {reason}; mend that and do it again")
    return True
