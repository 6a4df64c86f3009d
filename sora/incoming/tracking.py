"""The source as a version that DVC can restore."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sora.errors import SoraError

if TYPE_CHECKING:
    from dvc.repo import Repo


def require_no_output(source: Path, project: Path) -> None:
    """Refuse a source that a stage of DVC writes anew; nothing is refused where the project is not DVC's.

    Raises:
        SoraError: it is one, or DVC cannot read its files.
    """
    if (project / ".dvc").is_dir():
        with _opened(project) as repo:
            _refuse_output(source, repo)


def require_own_folder(source: Path, project: Path) -> None:
    """Refuse a source that DVC could not keep: a stage's output, or a folder of git.

    Raises:
        SoraError: it is one of them, or this is no DVC project.
    """
    with _opened(project) as repo:
        _refuse_output(source, repo)
        is_in_git = repo.scm.is_tracked(str(source))
    if is_in_git:
        raise SoraError(
            f"git tracks {source}, where DVC should: git rm -r --cached {source}; dvc add {source}"
        )


@contextmanager
def _opened(project: Path) -> Iterator["Repo"]:
    from dvc.exceptions import DvcException, NotDvcRepoError
    from dvc.repo import Repo

    try:
        with Repo(str(project)) as repo:
            yield repo
    except NotDvcRepoError as error:
        raise SoraError(
            f"{project.resolve()} is no DVC project; run from the folder of the project"
        ) from error
    except DvcException as error:
        raise SoraError(f"DVC cannot read this project: {error}; mend that, or run sora repair") from error


def _refuse_output(source: Path, repo: "Repo") -> None:
    from dvc.exceptions import OutputNotFoundError

    try:
        stage = repo.find_outs_by_path(str(source), strict=False)[0].stage
    except OutputNotFoundError:
        return
    if not stage.is_data_source:
        raise SoraError(
            f"ingest.source is {source}, which the stage {stage.addressing} of DVC writes anew; copy it to a "
            "folder of your own (cp -r) and name that in ingest.source"
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
