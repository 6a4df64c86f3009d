import numpy as np
import pytest

from sora.networks.model_files import load_model, save_model
from sora.training.linear import build_linear
from sora.training.linear_fit import fit_linear
from sora.training.spec import LinearSpec

T, F = 4, 20
BLOCKS = {"a": [(0, 4), (12, 15)], "b": [(2, 12)], "c": [(15, 20)]}


def videos(num_classes, several_labels, seed=0):
    rng = np.random.default_rng(seed)
    targets = np.eye(num_classes)[np.arange(40) % num_classes]
    features = rng.normal(50, 3, (40, T, F)).astype(np.float32)
    features[..., :num_classes] += 4 * targets[:, None]
    features[..., 15 : 15 + num_classes] -= 4 * targets[:, None]
    if several_labels:
        targets[:, 0] = targets[:, 1]
    return features, targets


def classifier(num_classes=3, fusion="late", several_labels=False):
    features, targets = videos(num_classes, several_labels)
    return fit_linear(
        features,
        targets,
        [str(i // 2) if several_labels else str(i) for i in range(len(features))],
        blocks=BLOCKS,
        labels=[str(i) for i in range(num_classes)],
        several_labels=several_labels,
        embedding_size=8,
        plan=LinearSpec(["logistic", "lda", "svm"], [10.0], fusion, 5),
        seed=0,
    )[0]


@pytest.mark.parametrize(
    ("num_classes", "fusion", "several_labels"),
    [(3, "late", False), (3, "concatenate", False), (2, "late", False), (3, "late", True)],
)
def test_keras_and_a_loaded_model_give_what_the_fit_gives(num_classes, fusion, several_labels, tmp_path):
    fitted = classifier(num_classes, fusion, several_labels)
    features = videos(num_classes, several_labels, seed=1)[0][:5]
    features[0] *= 3  # beyond the clipping
    probabilities, embedding = fitted.predict(features)
    model = build_linear(fitted, T, F)
    assert [tensor.name for tensor in model.inputs] == ["features"]
    assert model.output_names == ["probabilities", "embedding"]
    save_model(model, tmp_path)
    for each in (model, load_model(tmp_path)):
        found = each.predict(features, verbose=0)
        np.testing.assert_allclose(found[0], probabilities, atol=1e-5)
        np.testing.assert_allclose(found[1], embedding, atol=1e-5)


def test_a_video_of_the_training_mean_has_a_finite_embedding():
    fitted = classifier()
    block = fitted.blocks[0]
    assert fitted.embedding.kernel.shape == (sum(len(b.mean) for b in fitted.blocks), 8)
    assert np.square(np.full(len(block.mean), block.gain)).sum() == pytest.approx(1)
    constant = np.full((1, T, F), 50, np.float32)
    assert np.isfinite(fitted.predict(constant)[1]).all()
