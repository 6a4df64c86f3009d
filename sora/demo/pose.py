"""The posture of a figure over time, as angles: what an action says and a skeleton obeys."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
Angle = FloatArray | float


@dataclass(frozen=True)
class Limb:
    """An arm or a leg: where its two bones point, in degrees, each a number or an array of shape (T,).

    (0, 0) hangs straight down. The pair is an exponential map: its length is the angle away from down, its
    direction the way the bone is raised, so (90, 0) points forward, (0, 90) outwards and (0, 180) up.
    """

    upper_forward_degrees: Angle = 0.0
    upper_outward_degrees: Angle = 0.0
    lower_forward_degrees: Angle = 0.0
    lower_outward_degrees: Angle = 0.0
    foot_pitch_degrees: Angle = 0.0  # legs only; positive lifts the toe


@dataclass(frozen=True)
class Pose:
    """A whole figure; angles in degrees, ``lift`` in body heights, numbers or arrays of shape (T,)."""

    left_arm: Limb
    right_arm: Limb
    left_leg: Limb
    right_leg: Limb
    lean_degrees: Angle = 0.0  # trunk forward
    sway_degrees: Angle = 0.0  # trunk to the figure's right
    twist_degrees: Angle = 0.0  # shoulders against hips, to the right
    turn_degrees: Angle = 0.0  # the whole figure, to the right
    lift: Angle = 0.0  # lowest sole above the ground
    feet_planted: bool = True  # the feet keep their place, else the pelvis does
