"""Distillation: a small network learns to give the features of the full one, from images without labels.

Knowledge distillation: Hinton, Vinyals and Dean, 2015 (https://arxiv.org/abs/1503.02531); of features rather
than probabilities: Romero et al., "FitNets", 2015 (https://arxiv.org/abs/1412.6550). With a few hundred
videos the sensible student is the full network with fewer channels (``sora.compression.channels``) or
weights, which begins close to its teacher; one with random weights learns little from so few images.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import keras
import numpy as np
import tensorflow as tf
from keras import ops, optimizers

from sora.compression.sparsity import GradualPruning
from sora.errors import SoraError
from sora.networks.determinism import make_deterministic

Row: TypeAlias = dict[str, float]

_TEACHER_BATCH_SIZE = 16


@dataclass(frozen=True)
class DistillationPlan:
    """How the student is trained.

    Attributes:
        epochs: passes over the images, at least 1.
        batch_size: images for one step.
        learning_rate: of Adam at the first step; a cosine takes it to 0 at the last.
        sparsity: share of zeros that every kernel reaches half way, 0 to below 1; zeros that were there
            before stay in any case.
        seed: of the order of the images.
    """

    epochs: int
    batch_size: int
    learning_rate: float
    sparsity: float = 0.0
    seed: int = 0


def distil(
    student: keras.Model,
    teacher: keras.Model,
    images: np.ndarray,
    plan: DistillationPlan,
    on_epoch: Callable[[Row], None] | None = None,
) -> list[Row]:
    """Train ``student``, in place, to give the features of ``teacher``.

    The loss is the mean squared difference in standard deviations of the teacher's features. Batch
    normalisations keep their statistics, for a few neighbouring frames have misleading ones. The same
    arguments give the same weights on one machine.

    Args:
        student: a functional network; its trainable weights are changed.
        teacher: a network with the same input and output.
        images: float32 (N, S, S, 3), normalised network input of training videos.
        plan: how to train.
        on_epoch: gets each row as it is made.

    Returns:
        A row for each epoch: ``epoch``, from 1, and ``loss``, its mean over the steps of the epoch.

    Raises:
        SoraError: the networks or the images do not fit each other, or the plan has no step.
    """
    _check(student, teacher, images, plan)
    make_deterministic(plan.seed)
    wanted, std = _standardised_features(teacher, images)
    num_steps = plan.epochs * math.ceil(len(images) / plan.batch_size)
    optimizer = optimizers.Adam(optimizers.schedules.CosineDecay(plan.learning_rate, num_steps))
    run_step = _step(student, optimizer, std)
    pruning = GradualPruning(student, plan.sparsity, max(1, num_steps // 2))
    rng, done, rows = np.random.default_rng(plan.seed), 0, []
    for epoch in range(1, plan.epochs + 1):
        order, losses = rng.permutation(len(images)), []
        for start in range(0, len(images), plan.batch_size):
            batch = order[start : start + plan.batch_size]
            losses.append(float(run_step(images[batch], wanted[batch])))
            done += 1
            pruning.after_step(done)
        rows.append({"epoch": float(epoch), "loss": float(np.mean(losses))})
        if on_epoch:
            on_epoch(rows[-1])
    return rows


def _check(student: keras.Model, teacher: keras.Model, images: np.ndarray, plan: DistillationPlan) -> None:
    if (student.input_shape, student.output_shape) != (teacher.input_shape, teacher.output_shape):
        raise SoraError(
            f"distillation: expected a student that takes {teacher.input_shape} and gives "
            f"{teacher.output_shape}, got {student.input_shape} and {student.output_shape}"
        )
    expected = tuple(teacher.input_shape[1:])
    if not len(images) or images.shape[1:] != expected:
        raise SoraError(f"distillation: expected images of shape (N, *{expected}), got {images.shape}")
    if plan.epochs < 1 or plan.batch_size < 1:
        raise SoraError(
            f"distillation: expected 1 epoch and 1 image a batch or more, got {plan.epochs} and "
            f"{plan.batch_size}"
        )


def _standardised_features(teacher: keras.Model, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give the features over their deviations, float32 (N, F), and the deviations, float32 (F,)."""
    starts = range(0, len(images), _TEACHER_BATCH_SIZE)
    batches = [teacher(images[i : i + _TEACHER_BATCH_SIZE], training=False) for i in starts]
    features = np.concatenate([np.asarray(batch) for batch in batches])
    std = features.std(axis=0)
    std = np.maximum(std, max(0.01 * float(std.mean()), 1e-6))  # a column that hardly moves must not rule
    return features / std, std


def _step(
    student: keras.Model, optimizer: keras.Optimizer, std: np.ndarray
) -> Callable[[np.ndarray, np.ndarray], tf.Tensor]:
    optimizer.build(student.trainable_variables)

    @tf.function(reduce_retracing=True)
    def run(images: tf.Tensor, wanted: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            features = student(images, training=False)
            loss = ops.mean(ops.square(features / std - wanted))
        gradients = tape.gradient(loss, student.trainable_variables)
        optimizer.apply_gradients(zip(gradients, student.trainable_variables, strict=True))
        return loss

    return run
