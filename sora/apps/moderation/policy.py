"""A moderation policy: what is allowed, what a person must look at, what is blocked."""

import difflib
import hashlib
import json
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from annotated_types import Ge, Gt, Le, MinLen

from sora.errors import SoraError
from sora.params import STRICT, convert, read_yaml

Action = Literal["allow", "review", "block"]
ACTIONS: tuple[Action, ...] = ("allow", "review", "block")  # from the mildest
_Restriction = Literal["review", "block"]
_Score = Annotated[float, Gt(0), Le(1)]
_Seconds = Annotated[float, Ge(0)]


@dataclass(frozen=True)
class NsfwRule:
    """Holds where frames that are not safe for work follow one another for ``min_seconds``."""

    __pydantic_config__: ClassVar = STRICT

    at_least: _Score
    action: _Restriction
    min_seconds: _Seconds = 0.0


@dataclass(frozen=True)
class NameRule:
    """Holds where one of ``names`` has a probability of ``at_least`` for ``min_seconds`` in all."""

    __pydantic_config__: ClassVar = STRICT

    names: Annotated[list[str], MinLen(1)]
    at_least: _Score
    action: _Restriction
    min_seconds: _Seconds = 0.0


@dataclass(frozen=True)
class LengthRule:
    """Holds where there is more than ``longer_than_seconds`` of something."""

    __pydantic_config__: ClassVar = STRICT

    longer_than_seconds: _Seconds
    action: _Restriction


@dataclass(frozen=True)
class Policy:
    """Rules; the strictest of those that hold decides, and a video for which none holds is allowed.

    Attributes:
        nsfw: about scores of what is not safe for work.
        labels: about labels of the bundle.
        tags: about objects and scenes, and kinds of objects.
        duration: about the length of the video.
        unseen: about how much of it could not be judged.
    """

    __pydantic_config__: ClassVar = STRICT

    nsfw: list[NsfwRule] = field(default_factory=list)
    labels: list[NameRule] = field(default_factory=list)
    tags: list[NameRule] = field(default_factory=list)
    duration: list[LengthRule] = field(default_factory=list)
    unseen: list[LengthRule] = field(default_factory=list)

    @property
    def digest(self) -> str:
        """Hexadecimal, the same for equal rules."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()[:16]


def read_policy(path: Path) -> Policy:
    """Read a policy, YAML.

    Raises:
        SoraError: it is missing, is no YAML, has an unknown key or a wrong value, or no rule at all.
    """
    values = read_yaml(path, "a moderation policy is expected there; docs/policy.yaml shows one")
    if not isinstance(values, dict):
        raise SoraError(f"{path}: expected lists of rules by name, got {type(values).__name__}")
    policy: Policy = convert(Policy, {str(key): value for key, value in values.items()}, str(path))
    if policy == Policy():
        raise SoraError(f"{path}: has no rule; a policy that allows everything is no policy")
    return policy


def check_policy(
    policy: Policy,
    labels: Collection[str],
    tags: Collection[str],
    *,
    no_tags: str,
    no_nsfw: str,
    path: Path | str = "the policy",
) -> None:
    """Check that a policy can be applied; a misspelt name would never hold.

    Args:
        policy: to be checked.
        labels: of the bundle.
        tags: objects, scenes and kinds of objects.
        no_tags, no_nsfw: why these cannot be had; empty where they can.
        path: for the message.

    Raises:
        SoraError: there is no label or tag of some name, or the policy asks for what cannot be had.
    """
    if policy.nsfw and no_nsfw:
        raise SoraError(f"{path} has rules about nsfw, but {no_nsfw}")
    if policy.tags and no_tags:
        raise SoraError(f"{path} has rules about tags, but {no_tags}")
    _check_names("labels", policy.labels, labels, path)
    _check_names("tags", policy.tags, tags, path)


def strictest(actions: Sequence[Any]) -> Action:
    """Return the strictest of some actions, allow where there is none."""
    return max(actions, key=ACTIONS.index, default="allow")


def _check_names(section: str, rules: Sequence[NameRule], known: Collection[str], path: Path | str) -> None:
    for place, rule in enumerate(rules):
        for name in rule.names:
            if name not in known:
                near = difflib.get_close_matches(name, known, cutoff=0.3)
                some = f"; there is {', '.join(map(repr, near))}" if near else ""
                raise SoraError(f"{path}: {section}.{place}.names: there is no {name!r}{some}")
