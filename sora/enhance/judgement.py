"""What held-out clips say of the project's own super-resolution network, and its loading if it is good."""

import json
from dataclasses import dataclass
from typing import ClassVar

from sora import layout
from sora.enhance.own import OwnEnlarger, hash_of
from sora.errors import SoraError
from sora.params import STRICT, convert

_TRAIN = "dvc repro models/upscaler/dvc.yaml trains it on the videos of this project"


@dataclass(frozen=True)
class Judged:
    """How near to a held-out clip its frames come, shrunk and enlarged again: PSNR of luma in decibels."""

    __pydantic_config__: ClassVar = STRICT

    path: str
    network_db: float
    lanczos_db: float
    bicubic_db: float


@dataclass(frozen=True)
class Judgement:
    """What held-out clips say of a network.

    Attributes:
        network_hash: SHA-256 of its file.
        beats_lanczos: whether all of ``gain_interval_db`` lies above 0.
        network_db, lanczos_db, bicubic_db: means over the clips.
        gain_db: of the network over Lanczos, likewise.
        gain_interval_db: its 95 % interval over groups of clips.
        clips: each of them.
        unread: the path of each clip that could not be read, and why.
    """

    __pydantic_config__: ClassVar = STRICT

    network_hash: str
    beats_lanczos: bool
    network_db: float
    lanczos_db: float
    bicubic_db: float
    gain_db: float
    gain_interval_db: tuple[float, float]
    clips: list[Judged]
    unread: dict[str, str]


def load_own_enlarger() -> OwnEnlarger:
    """Return the project's own network.

    Raises:
        SoraError: there is none, or held-out clips do not say that it beats Lanczos.
    """
    try:
        model = layout.UPSCALER.read_bytes()
        text = layout.UPSCALER_JUDGEMENT.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise SoraError(f"{error.filename} is not here: {_TRAIN}") from error
    found = _judgement(text)
    if found.network_hash != hash_of(model):
        raise SoraError(f"{layout.UPSCALER_JUDGEMENT} is about another network: {_TRAIN}")
    if not found.beats_lanczos:
        low, high = found.gain_interval_db
        raise SoraError(
            f"{layout.UPSCALER} does not surely beat Lanczos on held-out clips ({found.gain_db:+.2f} dB, "
            f"95 % interval {low:+.2f} to {high:+.2f}): use --network photo, or train it on more videos"
        )
    return OwnEnlarger(model)


def _judgement(text: str) -> Judgement:
    try:
        value = json.loads(text)
    except ValueError as error:
        raise SoraError(f"{layout.UPSCALER_JUDGEMENT} is damaged ({error}): {_TRAIN}") from error
    return convert(Judgement, value, str(layout.UPSCALER_JUDGEMENT))
