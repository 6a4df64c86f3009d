"""Which clips there are and how each is stored: a pure function of the settings."""

from dataclasses import dataclass

import numpy as np

from sora.demo.actions import ACTIONS
from sora.demo.recording import Recording, random_recordings
from sora.errors import SoraError


@dataclass(frozen=True)
class Settings:
    """What decides every byte of the data."""

    seed: int = 0
    num_actors: int = 10
    clips_per_action: int = 2  # of each actor

    def __post_init__(self) -> None:
        for name, least in (("seed", 0), ("num_actors", 1), ("clips_per_action", 1)):
            if getattr(self, name) < least:
                raise SoraError(f"demo: {name} must be {least} or more, not {getattr(self, name)}")


@dataclass(frozen=True)
class PlannedClip:
    """One clip to render."""

    seed: int
    actor: int  # from 0
    action: str
    take: int  # from 0
    recording: Recording

    @property
    def group(self) -> str:
        """The source group: who acts."""
        return group_name(self.actor)

    @property
    def path(self) -> str:
        """The file within the data folder."""
        return f"{self.action}/{self.group}_take{self.take + 1}.{self.recording.container}"


def group_name(actor: int) -> str:
    """Return the source group of an actor counted from 0."""
    return f"actor{actor + 1:02d}"


def plan_clips(settings: Settings) -> list[PlannedClip]:
    """Return every whole clip of the data.

    An actor has as many recordings as takes, and each action uses all of them once, in an order of its own:
    within any set of actors, so in any split by group, nothing about the files says which action they show.
    """
    rng = np.random.default_rng([settings.seed, 3])
    takes = settings.clips_per_action
    recordings = random_recordings(settings.num_actors * takes, rng)
    return [
        PlannedClip(settings.seed, actor, action, take, recordings[actor * takes + int(choice)])
        for action in ACTIONS
        for actor in range(settings.num_actors)
        for take, choice in enumerate(rng.permutation(takes))
    ]
