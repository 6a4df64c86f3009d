import dataclasses

import numpy as np
import pytest

from sora.demo.actions import ACTIONS, perform, random_style
from sora.demo.clip import perform_in_view
from sora.demo.figure import JOINTS, SIDES, Body, joint_positions, random_body
from sora.demo.recording import SIZES_PX, Recording


def moving_body(action: str, seed: int, num_frames: int = 75, fps: float = 30) -> tuple[np.ndarray, Body]:
    rng = np.random.default_rng(seed)
    body = random_body(rng)
    return joint_positions(perform(action, random_style(rng), num_frames, fps), body), body


def height_of(joints: np.ndarray, name: str) -> np.ndarray:
    return joints[:, JOINTS.index(name), 1]


@pytest.mark.parametrize("seed", range(20))
def test_rise_is_crouch_backwards(seed):
    down, _ = moving_body("crouch", seed)
    up, _ = moving_body("rise", seed)
    np.testing.assert_allclose(up, down[::-1], atol=1e-12)
    pelvis = height_of(down, "pelvis")
    assert pelvis[0] - pelvis[-1] > 0.15


def test_one_style_is_drawn_alike_for_every_action():
    states = set()
    for action in ACTIONS:
        rng = np.random.default_rng(1)
        size = Recording("mp4", "h264", 30, 320, 240, 45, "none", "", 0.5)
        perform_in_view(action, random_body(rng), size, rng)
        states.add(str(rng.bit_generator.state))
    assert len(states) == 1


@pytest.mark.parametrize("action", ACTIONS)
def test_bones_keep_their_length(action):
    joints, body = moving_body(action, seed=3)
    bones = {("left_hip", "left_knee"): body.thigh, ("right_elbow", "right_wrist"): body.forearm}
    for (first, second), length in bones.items():
        ends = joints[:, JOINTS.index(first)] - joints[:, JOINTS.index(second)]
        np.testing.assert_allclose(np.linalg.norm(ends, axis=-1), length)


def lowest_sole(action: str) -> np.ndarray:
    joints, _ = moving_body(action, seed=5)
    return np.min(
        [height_of(joints, f"{side}_{end}") for side, _ in SIDES for end in ("heel", "toe")], axis=0
    )


def test_only_running_and_jumping_leave_the_ground():
    for action in ("walk", "wave", "clap", "crouch", "rise"):
        np.testing.assert_allclose(lowest_sole(action), 0, atol=1e-12)
    assert lowest_sole("run").max() > 0.02
    assert lowest_sole("jump").max() > 0.12


def test_a_wave_keeps_one_hand_above_the_shoulders():
    joints, _ = moving_body("wave", seed=5)
    higher = np.maximum(height_of(joints, "left_fingers"), height_of(joints, "right_fingers"))
    assert (higher > height_of(joints, "left_shoulder")).all()


def test_clapping_hands_meet_and_part():
    joints, _ = moving_body("clap", seed=5)
    gap = joints[:, JOINTS.index("right_fingers"), 2] - joints[:, JOINTS.index("left_fingers"), 2]
    assert gap.min() < 0.03
    assert gap.max() > 0.3


@pytest.mark.parametrize("action", ACTIONS)
def test_every_joint_stays_in_the_picture(action):
    plain = Recording("mp4", "h264", 30, 320, 240, 60, "none", "", 0.5)
    for seed in range(12):
        width, height = SIZES_PX[seed % len(SIZES_PX)]
        recording = dataclasses.replace(plain, width_px=width, height_px=height)
        rng = np.random.default_rng(seed)
        motion = perform_in_view(action, random_body(rng), recording, rng)
        seen = motion.joints[..., :2]
        assert seen.min() >= 0
        assert (seen <= (width, height)).all()
        assert motion.heights_px.min() > 0.25 * min(width, height)
