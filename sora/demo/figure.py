"""The skeleton: bone lengths, and from a pose to joint positions in space and in the picture."""

from dataclasses import dataclass

import numpy as np

from sora.demo.pose import FloatArray, Limb, Pose

SIDES = (("left", -1.0), ("right", 1.0))
JOINTS = (
    *("ground", "pelvis", "waist", "chest", "neck", "head", "crown", "nape", "chin", "nose", "brow"),
    *(
        f"{side}_{joint}"
        for side, _ in SIDES
        for joint in (
            *("shoulder", "elbow", "wrist", "fingers", "waist"),
            *("hip", "knee", "ankle", "heel", "toe", "eye", "temple"),
        )
    ),
)
UP = np.array([0.0, 1.0, 0.0])


@dataclass(frozen=True)
class Body:
    """Bone lengths in body heights (a standing figure is 1 high) and how stout the figure is."""

    thigh: float
    shin: float
    ankle_height: float
    foot: float
    trunk: float
    neck: float
    head_radius: float
    upper_arm: float
    forearm: float
    hand: float
    shoulder_half: float
    waist_half: float
    hip_half: float
    stoutness: float  # multiplies the thickness of limbs and trunk, about 1


@dataclass(frozen=True)
class View:
    """From where the figure is seen."""

    yaw_degrees: float  # 0: from its right side, 90: from the front
    pitch_degrees: float  # how far the camera looks down
    mirrored: bool  # False: the figure faces right


def random_body(rng: np.random.Generator) -> Body:
    """Draw human proportions."""
    leg, trunk = rng.uniform(0.47, 0.51), rng.uniform(0.285, 0.315)
    thigh_share, head_radius = rng.uniform(0.49, 0.53), rng.uniform(0.064, 0.074)
    neck = 1 - leg - 0.045 - trunk - 1.85 * head_radius
    arm = rng.uniform(0.31, 0.35)
    stoutness = rng.uniform(0.85, 1.25)
    return Body(
        thigh=leg * thigh_share,
        shin=leg * (1 - thigh_share),
        ankle_height=0.045,
        foot=rng.uniform(0.13, 0.15),
        trunk=trunk,
        neck=neck,
        head_radius=head_radius,
        upper_arm=arm * 0.52,
        forearm=arm * 0.48,
        hand=rng.uniform(0.05, 0.06),
        shoulder_half=rng.uniform(0.088, 0.112),
        waist_half=rng.uniform(0.035, 0.055) * stoutness,
        hip_half=rng.uniform(0.048, 0.064),
        stoutness=stoutness,
    )


def joint_positions(pose: Pose, body: Body) -> FloatArray:
    """Return the joints of every frame, shape (T, len(JOINTS), 3), in body heights.

    Axes: x forward, y up from the ground, z to the figure's right. Forward kinematics from the pelvis
    outwards; then the figure is put down so that its lowest sole is ``pose.lift`` above the ground. The joint
    "ground" is the point on the ground between its feet.
    """
    joints = {"ground": np.zeros(3), "pelvis": np.zeros(3)}
    joints |= _trunk_and_head(pose, body)
    for (side, sign), arm in zip(SIDES, (pose.left_arm, pose.right_arm), strict=True):
        shoulder = joints[f"{side}_shoulder"]
        joints |= {name: shoulder + offset for name, offset in _arm(side, sign, arm, pose, body).items()}
    for (side, sign), leg in zip(SIDES, (pose.left_leg, pose.right_leg), strict=True):
        joints |= _leg(side, sign, leg, pose, body)
    columns = np.broadcast_arrays(*(joints[name] for name in JOINTS))
    return _grounded(np.stack(columns, axis=-2), pose)


def project(joints: FloatArray, view: View) -> FloatArray:
    """Return joints (..., 3) in parallel projection: right, up and towards the camera, in body heights."""
    yaw, pitch = np.radians([view.yaw_degrees, view.pitch_degrees])
    x, y, z = np.moveaxis(joints, -1, 0)
    right = x * np.cos(yaw) - z * np.sin(yaw)
    nearer = x * np.sin(yaw) + z * np.cos(yaw)
    up = y * np.cos(pitch) - nearer * np.sin(pitch)
    return np.stack([-right if view.mirrored else right, up, nearer], axis=-1)


def _grounded(joints: FloatArray, pose: Pose) -> FloatArray:
    soles = joints[:, [JOINTS.index(f"{side}_{part}") for side, _ in SIDES for part in ("heel", "toe")]]
    offset = np.zeros((len(joints), 3))
    offset[:, 1] = pose.lift - soles[..., 1].min(axis=1)
    if pose.feet_planted:
        offset[:, [0, 2]] = -soles.mean(axis=1)[:, [0, 2]]
    placed = joints + offset[:, None]
    placed[:, JOINTS.index("ground")] = (offset + soles.mean(axis=1)) * (1, 0, 1)
    return placed


def _trunk_and_head(pose: Pose, body: Body) -> dict[str, FloatArray]:
    forward, right = _heading(_add(pose.turn_degrees, pose.twist_degrees))
    hip_forward, hip_right = _heading(pose.turn_degrees)
    up = _unit(UP + _tilt(pose.lean_degrees) * hip_forward + _tilt(pose.sway_degrees) * hip_right)
    across = _unit(right - _along(right, up) * up)
    joints = {"waist": 0.42 * body.trunk * up, "chest": 0.72 * body.trunk * up, "neck": body.trunk * up}
    for side, sign in SIDES:
        joints[f"{side}_shoulder"] = 0.93 * body.trunk * up + sign * body.shoulder_half * across
        joints[f"{side}_waist"] = joints["waist"] + sign * body.waist_half * across
    return joints | _head(_unit(up + 0.8 * UP), forward, joints["neck"], body)


def _head(up: FloatArray, forward: FloatArray, neck: FloatArray, body: Body) -> dict[str, FloatArray]:
    face = _unit(forward - _along(forward, up) * up)
    right = np.cross(face, up)
    radius = body.head_radius
    head = neck + (body.neck + 0.9 * radius) * up
    joints = {
        "head": head,
        "crown": head + radius * (0.22 * up - 0.12 * face),
        "nape": head - radius * (0.55 * up + 0.42 * face),
        "chin": head + radius * (0.3 * face - 0.52 * up),
        "brow": head + radius * (1.0 * face + 0.4 * up),
        "nose": head + radius * (0.98 * face - 0.12 * up),
    }
    for side, sign in SIDES:
        joints[f"{side}_eye"] = head + radius * (0.7 * face + sign * 0.3 * right + 0.1 * up)
        joints[f"{side}_temple"] = head + radius * (0.22 * face + sign * 0.45 * right + 0.5 * up)
    return joints


def _arm(side: str, sign: float, arm: Limb, pose: Pose, body: Body) -> dict[str, FloatArray]:
    """Return the joints of an arm as seen from its shoulder."""
    upper, lower = _bones(arm, sign, _heading(_add(pose.turn_degrees, pose.twist_degrees)))
    elbow = body.upper_arm * upper
    wrist = elbow + body.forearm * lower
    return {f"{side}_elbow": elbow, f"{side}_wrist": wrist, f"{side}_fingers": wrist + body.hand * lower}


def _leg(side: str, sign: float, leg: Limb, pose: Pose, body: Body) -> dict[str, FloatArray]:
    forward, right = _heading(pose.turn_degrees)
    upper, lower = _bones(leg, sign, (forward, right))
    hip = sign * body.hip_half * right
    knee = hip + body.thigh * upper
    ankle = knee + body.shin * lower
    pitch = np.radians(np.asarray(leg.foot_pitch_degrees))[..., None]
    along = np.cos(pitch) * forward + np.sin(pitch) * UP
    below = ankle + body.ankle_height * (np.sin(pitch) * forward - np.cos(pitch) * UP)
    joints = {"hip": hip, "knee": knee, "ankle": ankle}
    joints |= {"heel": below - 0.25 * body.foot * along, "toe": below + 0.75 * body.foot * along}
    return {f"{side}_{name}": position for name, position in joints.items()}


def _bones(limb: Limb, sign: float, frame: tuple[FloatArray, FloatArray]) -> tuple[FloatArray, FloatArray]:
    upper = _direction(limb.upper_forward_degrees, limb.upper_outward_degrees, sign, frame)
    return upper, _direction(limb.lower_forward_degrees, limb.lower_outward_degrees, sign, frame)


def _direction(
    forward_degrees: FloatArray | float,
    outward_degrees: FloatArray | float,
    sign: float,
    frame: tuple[FloatArray, FloatArray],
) -> FloatArray:
    """Return the unit vector of the exponential map described in ``Limb``, shape (T, 3) or (3,)."""
    ahead, aside = np.broadcast_arrays(np.radians(forward_degrees), np.radians(outward_degrees))
    angle = np.hypot(ahead, aside)
    scale = np.sinc(angle / np.pi)  # sin(angle) / angle, also at 0
    forward, right = frame
    return (
        (scale * ahead)[..., None] * forward
        + (sign * scale * aside)[..., None] * right
        - np.cos(angle)[..., None] * UP
    )


def _heading(degrees: FloatArray | float) -> tuple[FloatArray, FloatArray]:
    """Return the level unit vectors forward and right after a turn to the right."""
    angle = np.radians(np.asarray(degrees, dtype=np.float64))
    zero = np.zeros_like(angle)
    forward = np.stack([np.cos(angle), zero, np.sin(angle)], axis=-1)
    return forward, np.stack([-np.sin(angle), zero, np.cos(angle)], axis=-1)


def _add(first: FloatArray | float, second: FloatArray | float) -> FloatArray:
    return np.asarray(first, dtype=np.float64) + second


def _tilt(degrees: FloatArray | float) -> FloatArray:
    return np.tan(np.radians(np.asarray(degrees, dtype=np.float64)))[..., None]


def _along(vector: FloatArray, axis: FloatArray) -> FloatArray:
    return np.sum(vector * axis, axis=-1, keepdims=True)


def _unit(vector: FloatArray) -> FloatArray:
    return vector / np.linalg.norm(vector, axis=-1, keepdims=True)
