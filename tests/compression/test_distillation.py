import keras
import numpy as np
import pytest
from bundles import tiny_backbone
from keras import layers

from sora.compression.distillation import DistillationPlan, distil
from sora.compression.sparsity import prune_weights, sparsity_by_layer
from sora.errors import SoraError

IMAGES = np.random.default_rng(0).uniform(-1, 1, (24, 64, 64, 3)).astype(np.float32)
PLAN = DistillationPlan(epochs=4, batch_size=8, learning_rate=0.01)


def error(student: keras.Model) -> float:
    return float(np.square(student(IMAGES) - tiny_backbone()(IMAGES)).mean())


def test_the_student_comes_closer_and_its_zeros_stay():
    student = prune_weights(tiny_backbone(), 0.5)
    zeros = student.get_layer("convolution").get_weights()[0] == 0
    before, told = error(student), []
    rows = distil(student, tiny_backbone(), IMAGES, PLAN, told.append)
    assert error(student) < 0.3 * before
    assert [row["epoch"] for row in rows] == [1, 2, 3, 4]
    assert rows[-1]["loss"] < rows[0]["loss"]
    assert told == rows
    np.testing.assert_array_equal(student.get_layer("convolution").get_weights()[0] == 0, zeros)


def test_weights_may_go_on_the_way():
    student = prune_weights(tiny_backbone(), 0.2)
    plan = DistillationPlan(epochs=2, batch_size=8, learning_rate=0.001, sparsity=0.6)
    distil(student, tiny_backbone(), IMAGES, plan)
    assert sparsity_by_layer(student) == pytest.approx({"convolution": 0.6}, abs=1e-3)


def test_the_same_seed_gives_the_same_weights():
    students = [prune_weights(tiny_backbone(), 0.5) for _ in range(2)]
    for student in students:
        distil(student, tiny_backbone(), IMAGES, PLAN)
    one, other = (student.get_weights() for student in students)
    assert [a.tobytes() for a in one] == [b.tobytes() for b in other]


def test_statistics_of_normalisations_stay():
    images = keras.Input((64, 64, 3))
    maps = layers.BatchNormalization(name="bn")(layers.Conv2D(8, 8, 8)(images))
    student = keras.Model(images, layers.GlobalAveragePooling2D()(maps))
    distil(student, tiny_backbone(), IMAGES, DistillationPlan(1, 8, 0.01))
    np.testing.assert_array_equal(student.get_layer("bn").moving_mean, np.zeros(8))
    assert np.any(np.asarray(student.get_layer("bn").gamma) != 1)


def test_networks_that_do_not_fit_are_refused():
    images = keras.Input((64, 64, 3))
    other = keras.Model(images, layers.GlobalAveragePooling2D()(images))
    with pytest.raises(SoraError, match=r"gives \(None, 8\), got"):
        distil(other, tiny_backbone(), IMAGES, PLAN)


@pytest.mark.parametrize("images", [IMAGES[:0], IMAGES[:, :32]])
def test_images_that_do_not_fit_are_refused(images):
    with pytest.raises(SoraError, match="images of shape"):
        distil(tiny_backbone(), tiny_backbone(), images, PLAN)
