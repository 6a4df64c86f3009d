"""What an actor wears: colours, and the cut of clothes and hair."""

from dataclasses import dataclass

import cv2
import numpy as np

Colour = tuple[int, int, int]  # RGB, 0 to 255

SKIN_TONES: tuple[Colour, ...] = (
    *((250, 219, 193), (240, 200, 165), (222, 170, 125), (190, 135, 90)),
    *((150, 98, 62), (108, 68, 44), (78, 50, 36)),
)
HAIR_COLOURS: tuple[Colour, ...] = (
    *((32, 26, 24), (66, 44, 30), (112, 72, 40), (196, 156, 92)),
    *((140, 60, 34), (150, 148, 146), (224, 220, 214)),
)


@dataclass(frozen=True)
class Look:
    """Colours (RGB, 0 to 255) and cut."""

    skin: Colour
    hair: Colour
    shirt: Colour
    trousers: Colour
    shoes: Colour
    hair_style: str  # short, long, bun, bald or cap
    long_sleeves: bool
    long_trousers: bool


def random_look(rng: np.random.Generator) -> Look:
    """Draw clothes, skin and hair."""
    return Look(
        skin=SKIN_TONES[rng.integers(len(SKIN_TONES))],
        hair=HAIR_COLOURS[rng.integers(len(HAIR_COLOURS))],
        shirt=random_colour(rng, saturation=(0.3, 0.95), value=(0.45, 0.98)),
        trousers=random_colour(rng, saturation=(0.1, 0.7), value=(0.2, 0.75)),
        shoes=random_colour(rng, saturation=(0.0, 0.9), value=(0.15, 0.95)),
        hair_style=str(rng.choice(["short", "short", "long", "bun", "bald", "cap"])),
        long_sleeves=bool(rng.random() < 0.5),
        long_trousers=bool(rng.random() < 0.65),
    )


def random_colour(
    rng: np.random.Generator, saturation: tuple[float, float], value: tuple[float, float]
) -> Colour:
    """Draw a colour of any hue; saturation and value run from 0 to 1."""
    hsv = np.array([[[rng.uniform(0, 360), rng.uniform(*saturation), rng.uniform(*value)]]], dtype=np.float32)
    red, green, blue = np.rint(255 * cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)[0, 0]).astype(int).tolist()
    return red, green, blue
