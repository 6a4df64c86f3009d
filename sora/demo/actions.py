"""What each action looks like: pure functions from a style and times to a pose over time."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sora.demo.pose import FloatArray, Limb, Pose


@dataclass(frozen=True)
class Style:
    """How one clip performs its action; drawn in the same way for every action."""

    rate: float  # tempo, about 1
    phase: float  # of the cycle at the start, 0 to 1
    amplitude: float  # size of the movement, about 1
    side: int  # 1: the right hand leads, -1: the left
    hold_fraction: float  # of the time not spent moving, how much comes before the movement, 0 to 1
    move_fraction: float  # of the clip, how much a single movement takes, 0 to 1
    ease: float  # where in a single movement the speed is greatest, 0 to 1
    arm_raise_degrees: float  # personal habit of holding the arms, -15 to 15
    idle_phase: float  # of breathing and swaying, 0 to 1


def random_style(rng: np.random.Generator) -> Style:
    """Draw a style; the distribution is the same whatever the action."""
    return Style(
        rate=float(rng.uniform(0.85, 1.2)),
        phase=float(rng.uniform(0, 1)),
        amplitude=float(rng.uniform(0.85, 1.15)),
        side=int(rng.choice([-1, 1])),
        hold_fraction=float(rng.uniform(0.1, 0.9)),
        move_fraction=float(rng.uniform(0.4, 0.65)),
        ease=float(rng.uniform(0.35, 0.65)),
        arm_raise_degrees=float(rng.uniform(-15, 15)),
        idle_phase=float(rng.uniform(0, 1)),
    )


def perform(action: str, style: Style, num_frames: int, fps: float) -> Pose:
    """Return the pose of ``action`` in each of ``num_frames`` frames, arrays of shape (T,)."""
    return ACTIONS[action](style, np.arange(num_frames) / fps)


def _cycle(style: Style, times: FloatArray, cycles_per_second: float) -> FloatArray:
    return 2 * np.pi * (cycles_per_second * style.rate * times + style.phase)


def _idle(style: Style, times: FloatArray) -> FloatArray:
    """Return breathing and swaying, -1 to 1; its distribution is the same forwards and backwards in time."""
    return np.sin(2 * np.pi * (0.4 * style.rate * times + style.idle_phase))


def _both(style: Style, leading: Limb, other: Limb) -> tuple[Limb, Limb]:
    """Return (left, right) by which side leads."""
    return (other, leading) if style.side > 0 else (leading, other)


def _leg(
    raise_degrees: FloatArray, knee_degrees: FloatArray, outward_degrees: FloatArray | float = 4.0
) -> Limb:
    """Return a leg with the foot held flat, from the thigh's angle and the bend of the knee."""
    return Limb(raise_degrees, outward_degrees, raise_degrees - knee_degrees, outward_degrees)


def _standing_leg(times: FloatArray) -> Limb:
    return _leg(np.full_like(times, 2.0), np.full_like(times, 4.0))


def _striding_leg(cycle: FloatArray, swing: float, offset: float, knee: float, stiffness: float) -> Limb:
    thigh = offset + swing * np.sin(cycle)
    bend = stiffness + knee * np.clip(np.cos(cycle + 0.45), 0, None) ** 1.5
    foot = 14 * np.clip(np.sin(cycle - 0.3), 0, None) - 0.55 * bend
    return Limb(thigh, 2.0, thigh - bend, 2.0, foot)


def _swinging_arm(cycle: FloatArray, swing: float, offset: float, elbow: float) -> Limb:
    upper = offset - swing * np.sin(cycle)
    lower = upper + elbow + 0.3 * swing * (1 - np.sin(cycle)) / 2
    return Limb(upper, 9.0, lower, -2.0)


def walk(style: Style, times: FloatArray) -> Pose:
    """Walk: one foot always on the ground, straight arms that swing against the legs."""
    cycle, size = _cycle(style, times, 0.95), style.amplitude
    return Pose(
        left_arm=_swinging_arm(cycle + np.pi, 24 * size, 0, 12),
        right_arm=_swinging_arm(cycle, 24 * size, 0, 12),
        left_leg=_striding_leg(cycle + np.pi, 25 * size, 4, 52 * size, 5),
        right_leg=_striding_leg(cycle, 25 * size, 4, 52 * size, 5),
        lean_degrees=3 + 0.1 * style.arm_raise_degrees,
        twist_degrees=7 * size * np.sin(cycle),
        feet_planted=False,
    )


def run(style: Style, times: FloatArray) -> Pose:
    """Run: high knees, bent arms, a forward lean and both feet off the ground between steps."""
    cycle, size = _cycle(style, times, 1.45), style.amplitude
    return Pose(
        left_arm=_swinging_arm(cycle + np.pi, 42 * size, -8, 85),
        right_arm=_swinging_arm(cycle, 42 * size, -8, 85),
        left_leg=_striding_leg(cycle + np.pi, 42 * size, 16, 88 * size, 14),
        right_leg=_striding_leg(cycle, 42 * size, 16, 88 * size, 14),
        lean_degrees=13 + 0.2 * style.arm_raise_degrees,
        twist_degrees=9 * size * np.sin(cycle),
        lift=0.045 * size * (0.5 + 0.5 * np.cos(2 * cycle + 0.9)),
        feet_planted=False,
    )


def jump(style: Style, times: FloatArray) -> Pose:
    """Jump: again and again dip, push off with the arms thrown up, fly and land."""
    cycle = (0.85 * style.rate * times + style.phase) % 1
    dip = _eased(cycle, [0, 0.22, 0.36, 0.72, 0.84, 1], [0, 0.55, 0, 0, 0.35, 0]) * style.amplitude
    arms = _eased(cycle, [0, 0.2, 0.42, 0.7, 0.9, 1], [10, -35, 130, 90, 15, 10]) + style.arm_raise_degrees
    flight = np.clip((cycle - 0.34) / 0.4, 0, 1)
    airborne = 4 * flight * (1 - flight)
    leg = _leg(95 * dip + 14 * airborne + 2, 130 * dip + 34 * airborne + 4)
    leg = Limb(leg.upper_forward_degrees, 5.0, leg.lower_forward_degrees, 5.0, -45 * np.sqrt(airborne))
    arm = Limb(arms, 18.0, arms + 18 + 20 * dip, 10.0)
    return Pose(arm, arm, leg, leg, lean_degrees=34 * dip, lift=0.19 * style.amplitude * airborne)


def wave(style: Style, times: FloatArray) -> Pose:
    """Wave: stand with one hand up and swing its forearm from side to side."""
    cycle, idle = _cycle(style, times, 1.7), _idle(style, times)
    swing = 36 * style.amplitude * np.sin(cycle)
    raised = Limb(
        18.0, 108 + style.arm_raise_degrees + 0.12 * swing, 20.0, 158 + 0.4 * style.arm_raise_degrees + swing
    )
    hanging = Limb(3 * idle, 8.0, 10 + 3 * idle, 3.0)
    left, right = _both(style, raised, hanging)
    leg = _standing_leg(times)
    return Pose(left, right, leg, leg, lean_degrees=1.5 * idle, sway_degrees=-3.0 * style.side + 1.5 * idle)


def clap(style: Style, times: FloatArray) -> Pose:
    """Clap: stand and bring both hands together in front of the chest."""
    cycle, idle = _cycle(style, times, 1.9), _idle(style, times)
    apart = (0.5 - 0.5 * np.cos(cycle)) * style.amplitude
    azimuth = np.radians(-47 + 96 * apart)
    height = 108 + style.arm_raise_degrees
    arm = Limb(
        34 + 0.5 * style.arm_raise_degrees - 6 * apart,
        14 + 14 * apart,
        height * np.cos(azimuth),
        height * np.sin(azimuth),
    )
    leg = _standing_leg(times)
    return Pose(arm, arm, leg, leg, lean_degrees=3 + 1.5 * idle, sway_degrees=1.5 * idle)


def dance(style: Style, times: FloatArray) -> Pose:
    """Dance: sway the hips, step from foot to foot, throw the arms and turn."""
    cycle, size = _cycle(style, times, 0.95), style.amplitude * style.side
    return Pose(
        left_arm=_dancing_arm(cycle + np.pi, style),
        right_arm=_dancing_arm(cycle, style),
        left_leg=_dancing_leg(cycle + np.pi, style.amplitude),
        right_leg=_dancing_leg(cycle, style.amplitude),
        sway_degrees=13 * style.amplitude * np.sin(cycle),
        twist_degrees=18 * size * np.sin(cycle + 0.5),
        turn_degrees=24 * size * np.sin(cycle / 2),
        lift=0.02 * (0.5 + 0.5 * np.cos(2 * cycle)),
    )


def _dancing_arm(cycle: FloatArray, style: Style) -> Limb:
    upper = 82 + style.arm_raise_degrees + 46 * style.amplitude * np.sin(cycle)
    return Limb(18.0, upper, 30.0, upper + 42 + 30 * np.sin(cycle + 0.9))


def _dancing_leg(cycle: FloatArray, amplitude: float) -> Limb:
    step = np.clip(np.sin(cycle), 0, None) ** 1.5 * amplitude
    bounce = 10 + 8 * np.cos(2 * cycle)
    leg = _leg(bounce + 34 * step, 2 * bounce + 62 * step, 7 + 8 * step)
    return Limb(
        leg.upper_forward_degrees,
        leg.upper_outward_degrees,
        leg.lower_forward_degrees,
        leg.lower_outward_degrees,
        -30 * step,
    )


def crouch(style: Style, times: FloatArray) -> Pose:
    """Crouch: hold upright, go down into a squat, hold."""
    return _squatting(style, times, _single_movement(style, times))


def rise(style: Style, times: FloatArray) -> Pose:
    """Rise: exactly ``crouch`` played backwards, so that no set of frames tells the two apart."""
    backwards = times[-1] - times
    return _squatting(style, backwards, _single_movement(style, backwards))


def _single_movement(style: Style, times: FloatArray) -> FloatArray:
    """Return 0 to 1 over the clip: a hold, one smooth movement, a hold."""
    fraction = times / max(float(times.max()), 1e-9)
    start = style.hold_fraction * (1 - style.move_fraction)
    linear = np.clip((fraction - start) / style.move_fraction, 0, 1)
    warped = linear ** (np.log(0.5) / np.log(style.ease))
    return warped * warped * (3 - 2 * warped)


def _squatting(style: Style, times: FloatArray, down: FloatArray) -> Pose:
    idle, depth = _idle(style, times), down * style.amplitude
    leg = _leg(2 + 96 * depth, 4 + 130 * depth, 4 + 12 * depth)
    arms = (62 + style.arm_raise_degrees) * down + 3 * idle
    arm = Limb(arms, 8 + 4 * down, arms + 12 + 14 * down, 2 - 14 * down)
    return Pose(arm, arm, leg, leg, lean_degrees=34 * depth + 1.5 * idle, sway_degrees=idle)


def _eased(cycle: FloatArray, at: list[float], values: list[float]) -> FloatArray:
    """Interpolate key values with a smooth start and stop at each; ``cycle`` and ``at`` run from 0 to 1."""
    index = np.clip(np.searchsorted(at, cycle, side="right") - 1, 0, len(at) - 2)
    left, right = np.take(at, index), np.take(at, index + 1)
    part = (cycle - left) / (right - left)
    smooth = part * part * (3 - 2 * part)
    return np.take(values, index) * (1 - smooth) + np.take(values, index + 1) * smooth


ACTIONS: dict[str, Callable[[Style, FloatArray], Pose]] = {
    "walk": walk,
    "run": run,
    "jump": jump,
    "wave": wave,
    "clap": clap,
    "dance": dance,
    "crouch": crouch,
    "rise": rise,
}
