"""Broken files with honest names among the good ones: what a check of the data has to find."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sora.demo.clip import clip_frames
from sora.demo.encode import make_sound, write_audio_only, write_video
from sora.demo.plan import PlannedClip, Settings, group_name
from sora.demo.recording import Recording

KEPT_OF_TRUNCATED = 0.6
TRUNCATED_TAKE = 1000  # beyond every take of the plan, so that it shows no clip twice
PLAIN_RECORDING = Recording("mp4", "h264", 30, 320, 240, 60, "none", "", 0.5)
SILENCE = np.zeros((1, 0), np.int16)


@dataclass(frozen=True)
class Fault:
    """A broken file: its place and the label that it claims."""

    kind: str
    label: str
    actor: int  # from 0
    seed: int
    source: PlannedClip  # the clip that a duplicate copies

    @property
    def group(self) -> str:
        """The source group that the file claims."""
        return group_name(self.actor)

    @property
    def path(self) -> str:
        """The file within the data folder; a duplicate keeps the suffix of its source."""
        suffix = self.source.recording.container if self.kind == "duplicate" else "mp4"
        return f"{self.label}/{self.group}_{self.kind}.{suffix}"


def plan_faults(settings: Settings, clips: list[PlannedClip]) -> list[Fault]:
    """Return one fault of each kind, spread over labels and actors."""
    faults = []
    for index, (kind, (label, _)) in enumerate(KINDS.items()):
        actor = (2 + 3 * index) % settings.num_actors
        source = next(clip for clip in clips if (clip.action, clip.actor, clip.take) == (label, actor, 0))
        faults.append(Fault(kind, label, actor, settings.seed, source))
    return faults


def write_fault(folder: Path, fault: Fault) -> None:
    """Write one broken file into ``folder``; the clip that a duplicate copies must be there already."""
    _, write = KINDS[fault.kind]
    write(folder, fault)


def _write_truncated(folder: Path, fault: Fault) -> None:
    """Cut a clip of its own; its index comes first, so that the file opens and decodes in part."""
    path = folder / fault.path
    frames = clip_frames(fault.seed, fault.actor, fault.label, TRUNCATED_TAKE, PLAIN_RECORDING)
    write_video(path, PLAIN_RECORDING, frames, SILENCE)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * KEPT_OF_TRUNCATED)])


def _write_empty(folder: Path, fault: Fault) -> None:
    (folder / fault.path).write_bytes(b"")


def _write_black(folder: Path, fault: Fault) -> None:
    size = (PLAIN_RECORDING.height_px, PLAIN_RECORDING.width_px, 3)
    frames = (np.zeros(size, np.uint8) for _ in range(PLAIN_RECORDING.num_frames))
    write_video(folder / fault.path, PLAIN_RECORDING, frames, SILENCE)


def _write_audio_only(folder: Path, fault: Fault) -> None:
    rng = np.random.default_rng([fault.seed, 4])
    write_audio_only(folder / fault.path, make_sound("tone", 2.0, rng))


def _write_duplicate(folder: Path, fault: Fault) -> None:
    shutil.copyfile(folder / fault.source.path, folder / fault.path)


def _write_text(folder: Path, fault: Fault) -> None:
    (folder / fault.path).write_text(
        "This is a line of text, not a video.\n" * 40, encoding="utf-8", newline="\n"
    )


# What is wrong with the file: the label that it claims, and how it is made.
KINDS: dict[str, tuple[str, Callable[[Path, Fault], None]]] = {
    "truncated": ("walk", _write_truncated),
    "empty": ("run", _write_empty),
    "black": ("clap", _write_black),
    "audio_only": ("dance", _write_audio_only),
    "duplicate": ("jump", _write_duplicate),
    "text": ("wave", _write_text),
}
