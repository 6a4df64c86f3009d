"""What a job is asked for: the task and its options."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Query

from sora.serving.answering.tasks import Task
from sora.serving.remaking.wish import Scale, Wish, check
from sora.serving.routes.videos import Language


@dataclass(frozen=True)
class Asked:
    """A task and its options; ``wish`` is None where no video is to be made."""

    task: Task
    language: Language
    wish: Wish | None


_Scale = Annotated[Scale, Query(description="Of enhance: how many times as wide and high.")]
_Denoise = Annotated[bool, Query(description="Of enhance: average noise away along the motion.")]
_Deflicker = Annotated[bool, Query(description="Of enhance: even out the brightness.")]
_Stabilize = Annotated[bool, Query(description="Of enhance: steady the camera.")]
_Style = Annotated[
    str, Query(description="Of stylize: one of GET /capabilities.", max_length=100, examples=["starry"])
]
_Strength = Annotated[float, Query(description="Of stylize: 1 is a painting, 0 the video.", ge=0, le=1)]


def _asked(
    task: Task,
    language: Language = "en",
    scale: _Scale = "1",
    *,
    denoise: _Denoise = False,
    deflicker: _Deflicker = False,
    stabilize: _Stabilize = False,
    style: _Style = "",
    strength: _Strength = 1.0,
) -> Asked:
    """Give what is asked for; what cannot be done is refused before the video is read."""
    wish = None
    if task == "enhance":
        wish = Wish(task, int(scale), denoise, deflicker, stabilize)
    elif task == "stylize":
        wish = Wish(task, style=style, strength=strength)
    if wish is not None:
        check(wish)
    return Asked(task, language, wish)


GivenTask = Annotated[Asked, Depends(_asked)]
