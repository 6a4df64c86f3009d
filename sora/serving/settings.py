"""What an operator can set, in environment variables, for a Bento has no parameters of its own."""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TypeAlias

from sora.errors import SoraError

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network
PREFIX = "SORA_"


@dataclass(frozen=True)
class Limits:
    """What one request, and all together, may take; each has an environment variable, SORA_MAX_BYTES etc.

    Attributes:
        max_bytes: of a request or of a file behind a URL.
        upload_seconds: until a request has come whole, and for a download.
        decode_seconds: for one reading of a video.
        decode_gib: memory of a process that reads videos.
        max_video_seconds: a longer video is refused.
        max_direct_seconds: a longer video is tagged, moderated and summarised by a job only.
        max_requests: under way in one worker; further ones are told to come later.
        max_jobs: that wait; further ones are told to come later.
        max_answers_bytes: of all answers that are kept.
        max_observations_bytes: of the journal of observations; the one before it is kept, too.
        max_scratch_bytes: of all files that requests of one worker have sent.
        max_enhanced_pixels: of all frames that a job enhances or paints; two cores give a million a second.
        enhance_seconds: for a job that makes a video.
        enhance_gib: memory of the process that makes it.
        keep_jobs_seconds: after the end of a job its result is kept so long.
    """

    max_bytes: int = 512 * 2**20
    upload_seconds: int = 120
    decode_seconds: int = 60
    decode_gib: int = 2
    max_video_seconds: int = 3 * 3600
    max_direct_seconds: int = 120
    max_requests: int = 32
    max_jobs: int = 100
    max_answers_bytes: int = 2**30
    max_observations_bytes: int = 64 * 2**20
    max_scratch_bytes: int = 4 * 2**30
    max_enhanced_pixels: int = 20 * 10**9
    enhance_seconds: int = 8 * 3600
    enhance_gib: int = 4
    keep_jobs_seconds: int = 86_400

    @property
    def request_seconds(self) -> int:
        """Return how long a request can take that is within all limits, waiting for others included."""
        return self.upload_seconds + (self.max_requests + 4) * self.decode_seconds


@dataclass(frozen=True)
class Settings:
    """How this service runs.

    Attributes:
        state: folder of all that must outlive a worker; all workers share it.
        token: that requests must bear; empty where none is wanted.
        policy: file of the moderation policy; None is the one of the model.
        registry: folder of a registry, of which the model that serves answers; None: the Bento's own model.
        allowed_networks: that URLs of videos may lead to though they are not public.
        limits: of requests.
    """

    state: Path
    token: str = field(default="", repr=False)
    policy: Path | None = None
    registry: Path | None = None
    allowed_networks: tuple[Network, ...] = ()
    limits: Limits = field(default_factory=Limits)


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Read SORA_STATE, SORA_TOKEN, SORA_POLICY, SORA_REGISTRY, SORA_ALLOWED_NETWORKS and the limits.

    Raises:
        SoraError: a value is of the wrong kind; the message names the variable.
    """
    return Settings(
        state=_state_folder(environment),
        token=_token(environment.get("SORA_TOKEN", "")),
        policy=_path(environment.get("SORA_POLICY", "")),
        registry=_path(environment.get("SORA_REGISTRY", "")),
        allowed_networks=_networks(environment.get("SORA_ALLOWED_NETWORKS", "")),
        limits=Limits(**_limits(environment)),
    )


def _state_folder(environment: Mapping[str, str]) -> Path:
    if folder := environment.get("SORA_STATE"):
        return Path(folder).absolute()
    home = environment.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(home) / "sora-video"


def _path(text: str) -> Path | None:
    return Path(text).absolute() if text else None


def _token(text: str) -> str:
    if not text.isascii() or any(letter <= " " for letter in text):
        raise SoraError("SORA_TOKEN: ASCII letters, digits and signs expected, without spaces")
    return text


def _networks(text: str) -> tuple[Network, ...]:
    try:
        return tuple(ipaddress.ip_network(part.strip()) for part in text.split(",") if part.strip())
    except ValueError as error:
        raise SoraError(f"SORA_ALLOWED_NETWORKS: expected networks such as 10.0.0.0/8, {error}") from error


def _limits(environment: Mapping[str, str]) -> dict[str, int]:
    names = {each.name: f"{PREFIX}{each.name.upper()}" for each in fields(Limits)}
    given = {name: environment[variable] for name, variable in names.items() if variable in environment}
    for name, text in given.items():
        if not text.isdecimal() or int(text) < 1:
            raise SoraError(f"{names[name]}: a whole number above 0 expected, got {text!r}")
    return {name: int(text) for name, text in given.items()}
