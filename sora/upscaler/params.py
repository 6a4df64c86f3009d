"""The parameters of the training, and how they are read."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar

from annotated_types import Ge, Gt

from sora.enhance.own import EATEN_PX
from sora.errors import SoraError
from sora.params import STRICT, convert, read_yaml

_SECTION = "upscaler"
_LEAST_PATCH_PX = 2 * (2 * EATEN_PX + 1)


@dataclass(frozen=True)
class Params:
    """How the network is trained.

    Attributes:
        seed: decides which videos and patches are drawn, and the first weights.
        num_videos: of each split, at most.
        frames_per_video: evenly spread.
        num_patches: in all, for training; memory grows with it, and not with the number of videos.
        patch_px: side of a patch before it is shrunk, an even number.
        filters: of the two hidden layers.
        epochs: at most.
        patience: epochs without a better one on val, after which training ends.
        batch_size: patches of a step.
        learning_rate: of the first step; it falls to 0.
    """

    __pydantic_config__: ClassVar = STRICT

    seed: Annotated[int, Ge(0)]
    num_videos: Annotated[int, Gt(0)]
    frames_per_video: Annotated[int, Gt(0)]
    num_patches: Annotated[int, Gt(0)]
    patch_px: Annotated[int, Ge(_LEAST_PATCH_PX)]
    filters: tuple[Annotated[int, Gt(0)], Annotated[int, Gt(0)]]
    epochs: Annotated[int, Gt(0)]
    patience: Annotated[int, Gt(0)]
    batch_size: Annotated[int, Gt(0)]
    learning_rate: Annotated[float, Gt(0)]

    def __post_init__(self) -> None:
        """Refuse patches that cannot be shrunk by 2."""
        if self.patch_px % 2:
            raise ValueError(f"patch_px: expected an even number, got {self.patch_px}")


def read_upscaler_params(path: Path) -> Params:
    """Return the only section of a parameter file.

    Raises:
        SoraError: the file is missing, is no YAML, or has an unknown, missing or mistyped key.
    """
    values = read_yaml(path, "run from the folder of the project")
    if not isinstance(values, dict) or set(values) != {_SECTION}:
        raise SoraError(f"{path}: expected the section {_SECTION}, and nothing else")
    return convert(Params, values[_SECTION], f"{path}: {_SECTION}")
