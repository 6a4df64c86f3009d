"""One clip from its seed: the figure, its place, the scene and the camera, frame by frame."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sora.demo.actions import ACTIONS, perform, random_style
from sora.demo.appearance import random_look
from sora.demo.background import random_background
from sora.demo.camera import REACH, film, look_through, random_camera, random_light
from sora.demo.costume import dress
from sora.demo.drawing import FigurePainter
from sora.demo.figure import JOINTS, SIDES, Body, View, joint_positions, project, random_body
from sora.demo.pose import FloatArray
from sora.demo.recording import Recording

Image = NDArray[np.uint8]

TRAVELLING = ("walk", "run")
MARGIN = 0.1  # of the figure's height, kept free around its joints, for flesh and hair
FITTING_ROUNDS = 8


@dataclass(frozen=True)
class Motion:
    """Where the figure is in every frame."""

    joints: FloatArray  # (T, len(JOINTS), 3): x and y in pixels of the frame, nearness in body heights
    heights_px: FloatArray  # (T,): of the upright figure
    camera: FloatArray  # (T, 2, 3): from the still scene to the frame, in pixels


def actor_rng(seed: int, actor: int) -> np.random.Generator:
    """Return the generator that decides an actor's body and clothing."""
    return np.random.default_rng([seed, 1, actor])


def clip_rng(seed: int, actor: int, action: int, take: int) -> np.random.Generator:
    """Return the generator that decides everything else in a clip."""
    return np.random.default_rng([seed, 2, actor, action, take])


def perform_in_view(action: str, body: Body, recording: Recording, rng: np.random.Generator) -> Motion:
    """Let ``body`` perform ``action`` before a camera; every joint stays within the picture."""
    size = (recording.width_px, recording.height_px)
    pose = perform(action, random_style(rng), recording.num_frames, recording.fps)
    seen = project(joint_positions(pose, body), _random_view(rng))
    camera = random_camera(recording.num_frames, *size, rng)
    height_px = rng.uniform(0.46, 0.64) * recording.height_px
    foot_px = rng.uniform((0.32, 0.82), (0.68, 0.93)) * size
    travel = rng.uniform(0, 0.3) * (rng.random() < 0.6) * recording.width_px / height_px
    if action in TRAVELLING:  # drawn for every action, so that what follows does not depend on the action
        seen[..., 0] += np.linspace(-0.5, 0.5, len(seen))[:, None] * travel * _facing(seen)
    return _kept_in_view(seen, camera, height_px, foot_px, size)


def render_frames(
    motion: Motion, painter: FigurePainter, recording: Recording, rng: np.random.Generator
) -> Iterator[Image]:
    """Yield every frame, shape (height, width, 3), RGB uint8."""
    width, height = recording.width_px, recording.height_px
    margin = np.array([width, height]) * REACH
    wide, high = np.rint((width, height) + 2 * margin).astype(int).tolist()
    backdrop = random_background(wide, high, int(margin[1] + rng.uniform(0.56, 0.76) * height), rng)
    light = random_light(rng)
    grain = (
        np.rint(rng.normal(0, light.noise_sigma, (2 * height, 2 * width, 1)))
        .astype(np.int16)
        .repeat(3, axis=2)
    )
    for index, (joints, height_px) in enumerate(zip(motion.joints, motion.heights_px, strict=True)):
        frame = painter.draw(
            look_through(backdrop, motion.camera[index], width, height), joints, float(height_px)
        )
        top, left = rng.integers(height), rng.integers(width)
        yield film(frame, light, index / recording.fps, grain[top : top + height, left : left + width])


def clip_frames(seed: int, actor: int, action: str, take: int, recording: Recording) -> Iterator[Image]:
    """Yield the frames of one clip, shape (height, width, 3), RGB uint8: a function of the arguments."""
    wardrobe = actor_rng(seed, actor)
    body, look = random_body(wardrobe), random_look(wardrobe)
    rng = clip_rng(seed, actor, list(ACTIONS).index(action), take)
    motion = perform_in_view(action, body, recording, rng)
    painter = FigurePainter(dress(body, look), light=(float(rng.choice([-0.6, 0.6])), -0.8))
    yield from render_frames(motion, painter, recording, rng)


def _random_view(rng: np.random.Generator) -> View:
    return View(
        yaw_degrees=float(rng.uniform(30, 64)),
        pitch_degrees=float(rng.uniform(3, 10)),
        mirrored=bool(rng.random() < 0.5),
    )


def _facing(seen: FloatArray) -> float:
    """Return 1 for a figure that faces right in the picture, -1 for left."""
    heels, toes = ([JOINTS.index(f"{side}_{end}") for side, _ in SIDES] for end in ("heel", "toe"))
    return float(np.sign(seen[:, toes, 0].mean() - seen[:, heels, 0].mean()))


def _kept_in_view(
    seen: FloatArray, camera: FloatArray, height_px: float, foot_px: FloatArray, size_px: tuple[int, int]
) -> Motion:
    """Place a figure on the ground at ``foot_px``, smaller or elsewhere if it would leave the picture."""
    for _ in range(FITTING_ROUNDS):
        margin = MARGIN * height_px
        joints = _filmed(seen, camera, height_px, foot_px)
        low, high = joints[..., :2].min(axis=(0, 1)) - margin, joints[..., :2].max(axis=(0, 1)) + margin
        height_px *= float(min(1.0, np.min(np.array(size_px) / (high - low) * 0.99)))
        foot_px = foot_px + np.clip(-low, 0, None) - np.clip(high - size_px, 0, None)
    zoom = np.sqrt(np.linalg.det(camera[:, :, :2]))
    return Motion(_filmed(seen, camera, height_px, foot_px), height_px * zoom, camera)


def _filmed(seen: FloatArray, camera: FloatArray, height_px: float, foot_px: FloatArray) -> FloatArray:
    scene = foot_px + seen[..., :2] * (height_px, -height_px)
    flat = scene @ camera[:, :, :2].transpose(0, 2, 1) + camera[:, None, :, 2]
    return np.concatenate([flat, seen[..., 2:]], axis=-1)
