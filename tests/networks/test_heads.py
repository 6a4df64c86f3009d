import keras
import numpy as np
import pytest
from toy_videos import BLOCKS, C, F, T, classifier, ordered_videos, plan, videos

from sora.errors import SoraError
from sora.networks.heads import HEADS, split_at_training
from sora.networks.model_files import load_model, save_model
from sora.networks.scaling import standardisation, standardised, whitening
from sora.networks.summaries import POOLS, SEQUENCES
from sora.training.fit_classifier import fit_classifier

KNOW_ORDER = set(SEQUENCES) - {"attention"}  # attending weighs moments, wherever they are


def accuracy(model, examples):
    probabilities = model.predict(examples.features, verbose=0)[0]
    return np.mean(probabilities.argmax(axis=1) == examples.targets.argmax(axis=1))


@pytest.mark.parametrize("head", HEADS)
def test_every_head_learns_what_it_can_and_is_saved(head, tmp_path):
    train, test = ordered_videos(64), ordered_videos(60, seed=2)
    model = classifier(head, train, num_layers=2)
    fit_classifier(model, train, ordered_videos(0), plan(epochs=8))
    if head in KNOW_ORDER:
        assert accuracy(model, test) > 0.9
    else:
        assert 0.3 < accuracy(model, test) < 0.7

    probabilities, embedding = model.predict(test.features, verbose=0)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(embedding, axis=1), 1, atol=1e-5)

    save_model(model, tmp_path / "a")
    loaded = load_model(tmp_path / "a")
    save_model(loaded, tmp_path / "b")
    for expected, got in zip(model(test.features), loaded(test.features), strict=True):
        np.testing.assert_array_equal(expected, got)
    for name in ("config.json", "weights.npz"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


@pytest.mark.parametrize("head", HEADS)
def test_with_several_labels_probabilities_are_apart(head):
    model = classifier(head, multi_label=True)
    features = videos(6).features
    probabilities, _ = model.predict(features, verbose=0)
    assert ((probabilities > 0) & (probabilities < 1)).all()
    assert np.abs(probabilities.sum(axis=1) - 1).max() > 0.01


def test_several_labels_are_learnt():
    rng = np.random.default_rng(0)
    train, test = videos(240), videos(60, seed=1)
    for examples in (train, test):  # further labels at random, each with its sign
        more = (rng.random(examples.targets.shape) < 0.4) & (examples.targets == 0)
        examples.features[..., :C] += 6 * more[:, None]
        examples.targets[more] = 1
    model = classifier(train=train, multi_label=True)
    rows, *_ = fit_classifier(model, train, test, plan(batch_size=16, epochs=8))
    answers = model.predict(test.features, verbose=0)[0] > 0.5
    assert np.mean(answers == test.targets) > 0.85
    assert rows[-1]["val_accuracy"] == pytest.approx(np.mean(answers == test.targets), abs=0.1)


@pytest.mark.parametrize("head", sorted(SEQUENCES))
def test_a_sequence_gives_probabilities_of_moments(head):
    train = ordered_videos(64)
    model = classifier(head, train, per_frame=True, dropout=0.0)
    assert model.output_names == ["probabilities", "embedding", "frame_probabilities"]
    assert model.outputs[2].shape[1:] == (T, 2)
    np.testing.assert_allclose(model(train.features)[2].numpy().sum(axis=-1), 1, atol=1e-6)


def test_labels_of_moments_are_learnt():
    train, test = ordered_videos(64), ordered_videos(60, seed=2)
    moments = [np.eye(2, dtype=np.float32)[x.features[..., :2].argmax(axis=-1)] for x in (train, test)]
    train = type(train)(train.features, train.targets, frame_targets=moments[0])
    model = classifier("gru", train, per_frame=True)
    rows, *_ = fit_classifier(model, train, ordered_videos(20, seed=3), plan(epochs=10))
    found = model.predict(test.features, verbose=0)[2].argmax(axis=-1)
    assert np.mean(found == moments[1].argmax(axis=-1)) > 0.9
    assert rows[-1]["accuracy"] > 0.5
    assert rows[-1]["val_accuracy"] > 0.5


@pytest.mark.parametrize("head", ["mean_std", "tcn"])
def test_a_projection_is_fitted_outside_and_stays(head):
    train = videos(30)
    mean, std = standardisation(train.features)
    rows = standardised(train.features, BLOCKS, mean, std)
    projection = whitening(rows.reshape(-1, F), 5)
    model = classifier(head, train, projection=projection)
    scaled = keras.Model(model.input, model.get_layer("scaled").output).predict(train.features, verbose=0)
    assert scaled.shape == (30, T, 5)
    np.testing.assert_allclose(scaled, rows @ projection.kernel + projection.bias, atol=1e-4)
    fit_classifier(model, train, videos(0), plan(epochs=1))
    np.testing.assert_array_equal(model.get_layer("scaled").get_weights()[0], projection.kernel)


@pytest.mark.parametrize("statistics", [True, False])
@pytest.mark.parametrize("head", ["mean", "mean_std", "gru"])
def test_what_is_cut_off_before_training_never_changes(head, statistics):
    model = classifier(head, statistics=statistics)
    fixed, trained = split_at_training(model)
    assert fixed.trainable_weights == []
    assert len(trained.trainable_weights) == len(model.trainable_weights)
    assert not any(layer.name in ("scaled", "statistics") for layer in trained.layers)
    features = videos(6).features
    np.testing.assert_array_equal(trained(fixed(features)), model(features)[0])
    assert ("statistics" in {layer.name for layer in model.layers}) == (statistics or head in POOLS)


def test_columns_outside_the_blocks_play_no_part():
    model = classifier(blocks=((0, 2), (5, 18)))
    features = np.random.default_rng(0).normal(size=(3, T, F)).astype(np.float32)
    before = model.predict(features, verbose=0)[0]
    features[..., 2:5] += 100
    np.testing.assert_array_equal(model.predict(features, verbose=0)[0], before)
    features[..., 6] += 100
    assert np.abs(model.predict(features, verbose=0)[0] - before).max() > 1e-4


@pytest.mark.parametrize(("head", "times"), [("mean", 1), ("max", 1), ("mean_std", 2), ("lstm", 2)])
def test_normalised_statistics_get_the_gains_of_their_columns_back(head, times):
    model = classifier(head)
    gains = model.get_layer("scaled").get_weights()[2]
    gamma = model.get_layer("summary_normalisation").get_weights()[0]
    np.testing.assert_allclose(gamma[: times * F], np.tile(gains, times), rtol=1e-6)
    np.testing.assert_array_equal(gamma[times * F :], 1)


def test_wrong_options_are_named():
    with pytest.raises(SoraError, match=r"head: expected one of mean, max, mean_std, rnn, .* got 'median'"):
        classifier("median")
    with pytest.raises(SoraError, match="blocks: expected ranges within 0 to 18, got"):
        classifier(blocks=[(0, 2), (3, 19)])
    with pytest.raises(SoraError, match=r"per_frame: expected a head of rnn, .*; max knows no single moment"):
        classifier("max", per_frame=True)
