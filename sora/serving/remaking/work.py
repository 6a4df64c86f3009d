"""Doing a job that makes a video: a process at work, watched from here."""

import multiprocessing
from concurrent.futures import Future, wait
from pathlib import Path
from typing import Any

from sora.apps.analysis.analyse import OnProgress
from sora.children import ChildDiedError, Children, ChildTimeoutError
from sora.errors import VideoError
from sora.serving.jobs.store import common_folder
from sora.serving.priority import give_way
from sora.serving.remaking import child
from sora.serving.remaking.child import Made
from sora.serving.remaking.wish import Wish
from sora.serving.settings import Limits

_LOOK_SECONDS = 0.5


def remake(path: Path, wish: Wish, limits: Limits, on_progress: OnProgress) -> dict[str, Any]:
    """Make the wanted video beside the one at ``path``, that of an attempt at a job; tell what it is.

    What an earlier attempt has finished is not done again. What ``on_progress`` raises ends the work.

    Raises:
        VideoError: the video cannot be made.
    """
    give_way()
    folder = common_folder(path)
    progress = multiprocessing.get_context("spawn").RawArray("q", 2)
    children = Children(1, limits.enhance_seconds, (child.start, (progress, limits.enhance_gib)))
    try:
        future = children.submit(child.make, path, folder, wish)
        while not wait([future], _LOOK_SECONDS).done:
            done, total = progress
            on_progress(done / max(total, 1))
        made = _result(future, limits)
    finally:
        children.close()
    (folder / made.file).replace(path.parent / made.file)
    return _told(made)


def _result(future: Future[Made], limits: Limits) -> Made:
    try:
        return future.result()
    except ChildTimeoutError as error:
        raise VideoError(f"took longer than {limits.enhance_seconds} s") from error
    except ChildDiedError as error:
        raise VideoError(f"ended the process that worked on it (exit code {error.exit_code})") from error
    except MemoryError as error:
        raise VideoError(f"needs more than {limits.enhance_gib} GiB of memory") from error


def _told(made: Made) -> dict[str, Any]:
    warning = {"warning": made.warning} if made.warning else {}
    return {
        "width": made.width,
        "height": made.height,
        "num_frames": made.num_frames,
        "files": [made.file],
        **warning,
    }
