"""Jobs with their files, which lie in one folder for each job."""

import json
import secrets
import shutil
import time
from pathlib import Path
from typing import Any

from sora.atomic import write_json
from sora.serving.jobs.job import Job, JobRules
from sora.serving.jobs.table import Attempt, JobTable, Row

RESULT = "result.json"
_VIDEO = "video"
_COMMON = "common"
_NO_RULES = JobRules()
_ABANDONED_SECONDS = 3600  # so old is a folder without a job when its submission must have been killed


class JobStore:
    """Jobs and their files, shared by all worker processes.

    ``<folder>/jobs.db`` is the table. ``<folder>/jobs/<id>/`` holds the video until the job has ended, and a
    folder for each attempt, named by its holder: two attempts never write the same file, should a worker that
    was taken for dead go on.

    Args:
        folder: of the service's state.
        rules: what bounds jobs; the same for all workers.

    Raises:
        SoraError: from every method, where SQLite cannot use the table.
    """

    def __init__(self, folder: Path, rules: JobRules = _NO_RULES) -> None:
        self.rules = rules
        self._folder = folder / "jobs"
        self._folder.mkdir(parents=True, exist_ok=True)
        self.table = JobTable(folder / "jobs.db", rules)

    def submit(self, task: str, options: dict[str, Any], video: Path) -> Job:
        """Accept a job; the file of its video is moved away.

        Args:
            task: what is to be done.
            options: of the task; values that JSON knows.
            video: the file; on another file system it is copied, then removed.

        Raises:
            FullError: too many jobs wait. The file may be gone.
        """
        self.table.require_room()
        job_id = secrets.token_hex(16)
        home = self._folder / job_id
        home.mkdir()
        try:
            shutil.move(video, home / f"{_VIDEO}{video.suffix}")
            return self.table.insert(job_id, task, options)
        except BaseException:
            shutil.rmtree(home)
            raise

    def get(self, job_id: str) -> Job | None:
        """Return a job as it stands; None where there is none, or it was forgotten."""
        row = self.table.row(job_id)
        return row.job if row else None

    def cancel(self, job_id: str) -> Job | None:
        """Cancel a job unless it has ended; return it as it stands then.

        A running one stops at its next step, if not because its video is gone.
        """
        if self.table.row(job_id) is None:
            return None
        self.table.cancel(job_id)
        self.tidy(job_id)
        return self.get(job_id)

    def result(self, job_id: str) -> dict[str, Any] | None:
        """Return what the task gave; None where the job is not done, or was forgotten."""
        folder = self._kept(job_id)
        try:
            return json.loads((folder / RESULT).read_bytes()) if folder else None
        except FileNotFoundError:  # forgotten this moment
            return None

    def file(self, job_id: str, name: str) -> Path | None:
        """Return a file that the task left beside its result; None where there is none of this name."""
        folder = self._kept(job_id)
        return _files(folder).get(name) if folder else None

    def begin(self, attempt: Attempt) -> Path:
        """Return the video, in the folder of this attempt: what is put beside it belongs to the job."""
        home = self._folder / attempt.job_id
        (video,) = home.glob(f"{_VIDEO}*")
        (home / attempt.holder).mkdir()
        link = home / attempt.holder / video.name
        link.symlink_to(Path("..") / video.name)
        return link

    def finish(self, attempt: Attempt, result: dict[str, Any]) -> None:
        """Set a job to done with its result; nothing where it is another's by now.

        Raises:
            TypeError, ValueError: the result is not what JSON knows.
        """
        folder = self._folder / attempt.job_id / attempt.holder
        write_json(folder / RESULT, result)
        num_bytes = sum(path.stat().st_size for path in [folder / RESULT, *_files(folder).values()])
        self.table.finish(attempt, num_bytes)

    def leave(self, attempt: Attempt) -> None:
        """Remove what an attempt that is over has left and nobody needs."""
        row = self.table.row(attempt.job_id)
        if row is None or row.holder != attempt.holder or row.job.status != "done":
            shutil.rmtree(self._folder / attempt.job_id / attempt.holder, ignore_errors=True)
        self.tidy(attempt.job_id)

    def tidy(self, job_id: str) -> None:
        """Remove what nobody needs of a job that has ended."""
        _tidy(self._folder / job_id, self.table.row(job_id))

    def sweep(self) -> None:
        """Forget old jobs, and remove what killed workers have left."""
        for job_id in self.table.forget():
            shutil.rmtree(self._folder / job_id, ignore_errors=True)
        rows = {row.job.job_id: row for row in self.table.rows()}
        for home in self._folder.iterdir():
            row = rows.get(home.name)
            if row is not None or _is_abandoned(home):
                _tidy(home, row)

    def close(self) -> None:
        """Close the table."""
        self.table.close()

    def _kept(self, job_id: str) -> Path | None:
        """Return the folder of the attempt that did the job."""
        row = self.table.row(job_id)
        return self._folder / job_id / row.holder if row and row.job.status == "done" else None


def common_folder(video: Path) -> Path:
    """Return a folder for what one attempt leaves to the next; ``video`` is what ``begin`` gave.

    It is the job's until that has ended. Two attempts may be in it for a moment.
    """
    folder = video.parent.parent / _COMMON
    folder.mkdir(exist_ok=True)
    return folder


def _files(folder: Path) -> dict[str, Path]:
    """Return what a task has left, by name; not the link to the video."""
    paths = folder.iterdir() if folder.is_dir() else ()
    return {
        path.name: path
        for path in paths
        if path.is_file() and not path.is_symlink() and path.name != RESULT and not path.name.startswith(".")
    }


def _tidy(home: Path, row: Row | None) -> None:
    """Remove from the folder of a job what nobody needs."""
    if row is not None and not row.job.has_ended:
        return
    if row is None or row.job.status != "done":
        shutil.rmtree(home, ignore_errors=True)
        return
    kept = home / row.holder
    for path in [*home.iterdir(), *kept.iterdir()]:
        if path.is_symlink() or (path.parent == home and path.is_file()):
            path.unlink(missing_ok=True)
        elif path.is_dir() and path != kept:
            shutil.rmtree(path, ignore_errors=True)


def _is_abandoned(home: Path) -> bool:
    return time.time() - home.stat().st_mtime > _ABANDONED_SECONDS
