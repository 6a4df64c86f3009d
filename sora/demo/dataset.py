"""The whole folder: clips, broken files, labels.csv and a note, which appear together or not at all."""

import csv
import io
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from multiprocessing import connection, get_context, parent_process
from pathlib import Path

import cv2
import numpy as np
from filelock import FileLock, Timeout

from sora.atomic import write_text
from sora.demo.actions import ACTIONS
from sora.demo.clip import clip_frames
from sora.demo.encode import make_sound, write_video
from sora.demo.faults import Fault, plan_faults, write_fault
from sora.demo.plan import PlannedClip, Settings, plan_clips
from sora.errors import SoraError

NOTE = "README.txt"
TITLE = "Synthetic demo data."
_LOCK_SECONDS = 600


def render_dataset(
    target: Path, settings: Settings, num_workers: int, on_progress: Callable[[int, int], None]
) -> None:
    """Render the data into ``target``, which is replaced only when all of it is there.

    ``on_progress`` is told the number of clips done and in all. Raises SoraError where ``target`` holds
    anything other than earlier demo data, or cannot be written.
    """
    if num_workers < 1:
        raise SoraError(f"demo: the number of workers must be 1 or more, not {num_workers}")
    clips = plan_clips(settings)
    faults = plan_faults(settings, clips)
    with replacing_folder(target) as folder:
        for action in ACTIONS:
            (folder / action).mkdir()
        for num_done, _ in enumerate(_render_clips(folder, clips, num_workers), start=1):
            on_progress(num_done, len(clips))
        for fault in faults:
            write_fault(folder, fault)
        write_text(folder / "labels.csv", labels_csv(clips, faults))
        write_text(folder / NOTE, _note(settings))


def labels_csv(clips: list[PlannedClip], faults: list[Fault]) -> str:
    """Return the table of path, label and group, sorted by path."""
    rows = [(clip.path, clip.action, clip.group) for clip in clips]
    rows += [(fault.path, fault.label, fault.group) for fault in faults]
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(("path", "label", "group"))
    writer.writerows(sorted(rows))
    return table.getvalue()


@contextmanager
def replacing_folder(target: Path) -> Iterator[Path]:
    """Yield an empty folder beside ``target``; on success it becomes ``target``, else it is removed."""
    _check_replaceable(target)
    target = target.absolute()
    workshop = target.with_name(f".tmp-{target.name}")  # one name, so that a killed run leaves but one
    folder, old = workshop / "new", workshop / "old"
    with _lock_beside(target):
        shutil.rmtree(workshop, ignore_errors=True)
        try:
            folder.mkdir(parents=True)
            yield folder
            if target.exists():
                target.replace(old)
            folder.replace(target)
        finally:
            shutil.rmtree(workshop, ignore_errors=True)


@contextmanager
def _lock_beside(target: Path) -> Iterator[None]:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(target.with_name(f".{target.name}.lock"), timeout=_LOCK_SECONDS)
        lock.acquire()
    except Timeout as error:
        raise SoraError(f"another run has been rendering {target} for {_LOCK_SECONDS} s") from error
    except OSError as error:
        raise SoraError(f"{target}: cannot be written: {error.strerror}; choose another folder") from error
    try:
        yield
    finally:
        lock.release()


def _check_replaceable(target: Path) -> None:
    """Guard against a slip of the keyboard: only demo data and empty folders are ever replaced."""
    if not target.exists() or (target.is_dir() and not any(target.iterdir())):
        return
    note = target / NOTE
    if not note.is_file() or not note.read_text(encoding="utf-8", errors="replace").startswith(TITLE):
        raise SoraError(
            f"{target}: exists and is not demo data (no {NOTE} of ours); choose another folder or remove it"
        )


def render_clip(folder: Path, clip: PlannedClip) -> PlannedClip:
    """Render one clip to its file in ``folder``, and return it."""
    recording = clip.recording
    action = list(ACTIONS).index(clip.action)
    rng = np.random.default_rng([clip.seed, 5, clip.actor, action, clip.take])
    sound = make_sound(recording.sound, recording.num_frames / recording.fps, rng)
    frames = clip_frames(clip.seed, clip.actor, clip.action, clip.take, recording)
    write_video(folder / clip.path, recording, frames, sound)
    return clip


def _render_clips(folder: Path, clips: list[PlannedClip], num_workers: int) -> Iterator[PlannedClip]:
    """Render every clip, yielding each when it is done."""
    if num_workers == 1:
        for clip in clips:
            yield render_clip(folder, clip)
        return
    with ProcessPoolExecutor(num_workers, get_context("spawn"), initializer=_prepare_worker) as pool:
        waiting = [pool.submit(render_clip, folder, clip) for clip in clips]
        try:
            for future in as_completed(waiting):
                yield future.result()
        finally:
            pool.shutdown(cancel_futures=True)


def _prepare_worker() -> None:
    cv2.setNumThreads(1)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)


def _note(settings: Settings) -> str:
    return (
        f"{TITLE} Every clip here was rendered by this project, from drawn figures: no real person or place\n"
        f"is shown. Rendered by `python -m sora.demo` with seed {settings.seed}, {settings.num_actors} actors"
        f" and {settings.clips_per_action} clips of each action\nby each actor. Six files are broken"
        " on purpose and named for it; labels.csv lists every file.\n"
    )
