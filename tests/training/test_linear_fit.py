from dataclasses import replace

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from sora.errors import SoraError
from sora.training.linear_blocks import fitted_block, pooled_over_time
from sora.training.linear_fit import fit_linear
from sora.training.spec import LinearSpec

T = 4
BLOCKS = {"good": [(0, 3), (10, 12)], "noise": [(3, 10)]}
LANDED = LinearSpec(["logistic", "lda", "svm"], [1.0, 10.0, 100.0, 1000.0], "late", 5)
PLAN = replace(LANDED, strengths=[10.0])


def videos(num_classes=3, per_class=12, seed=0, strength=2.0):
    """Some columns of ``good`` tell the classes apart; every two clips of a class are one group."""
    rng = np.random.default_rng(seed)
    classes = np.repeat(np.arange(num_classes), per_class)
    features = rng.normal(5, 1, (len(classes), T, 12)).astype(np.float32)
    code = rng.normal(size=(num_classes, 5))
    features[:, :, [0, 1, 2, 10, 11]] += strength * code[classes][:, None]
    groups = [f"{label}-{i % per_class // 2}" for i, label in enumerate(classes)]
    return features, np.eye(num_classes)[classes], groups


def fit_whole(features, targets, groups, **changes):
    options = {
        "blocks": BLOCKS,
        "labels": [f"label{i}" for i in range(targets.shape[1])],
        "several_labels": False,
        "embedding_size": 6,
        "plan": PLAN,
        "seed": 0,
    }
    return fit_linear(features, targets, groups, **{**options, **changes})


def fit(features, targets, groups, **changes):
    return fit_whole(features, targets, groups, **changes)[:2]


def right(classifier, features, targets):
    return np.mean(classifier.predict(features)[0].argmax(axis=1) == targets.argmax(axis=1))


@pytest.mark.parametrize("fusion", ["late", "concatenate", "auto"])
@pytest.mark.parametrize("num_classes", [2, 3])
def test_unseen_videos_are_told_apart_as_well_as_reported(fusion, num_classes):
    features, targets, groups = videos(num_classes, per_class=40)
    seen = np.arange(len(features)) % 40 < 20
    kept = [group for group, s in zip(groups, seen, strict=True) if s]
    classifier, report = fit(features[seen], targets[seen], kept, plan=replace(LANDED, fusion=fusion))
    assert right(classifier, features[~seen], targets[~seen]) > 0.9
    assert report.fused.accuracy > 0.9
    probabilities, embedding = classifier.predict(features[~seen])
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(embedding, axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("blocks", [{"a": [(0, 12)]}, {"a": [(0, 4)], "b": [(4, 12)]}])
def test_it_is_the_regression_on_all_columns_side_by_side_but_for_its_scale(blocks):
    features, targets, groups = (each[:16] for each in videos(2))  # few of one class: the bias counts
    plan = LinearSpec(["logistic"], [10.0], "concatenate", 5)
    classifier, _ = fit(features, targets, groups, blocks=blocks, plan=plan)
    pooled = pooled_over_time(features)
    each = [fitted_block(pooled, ranges).standardised(pooled) for ranges in blocks.values()]
    x = np.concatenate(each, axis=1) / np.sqrt(len(each))
    direct = LogisticRegression(C=10.0, max_iter=5000, tol=1e-8).fit(x, targets.argmax(axis=1))
    probabilities, _ = classifier.predict(features)
    logits = np.log(probabilities[:, 1] / probabilities[:, 0])
    ratio = logits / direct.decision_function(x)
    np.testing.assert_allclose(ratio, np.median(ratio), rtol=0.02)


def test_the_informative_block_wins_and_the_report_says_so():
    _, report = fit(*videos(per_class=40), plan=LANDED)
    assert report.shares["noise"] < 0.05
    assert report.blocks["good"].accuracy > 0.9
    assert report.blocks["noise"].accuracy < 0.6
    assert set(report.chosen) == set(report.blocks) == set(BLOCKS)


def test_a_block_that_never_varies_has_no_part_in_the_classifier():
    features, targets, groups = videos(per_class=20)
    features[..., 3:10] = 1
    classifier, report = fit(features, targets, groups, plan=LANDED)
    assert report.shares == {"good": 1, "noise": 0}
    assert [block.columns for block in classifier.blocks] == [((0, 3), (10, 12), (12, 15), (22, 24))]
    assert classifier.logits.kernel.shape == (10, 3)


def test_shuffled_labels_are_at_chance():
    accuracies = []
    for seed in range(3):
        features, targets, groups = videos(4, per_class=20, seed=seed)
        names = sorted(set(groups))
        shuffled = dict(zip(names, np.random.default_rng(seed).permutation(len(names)), strict=True))
        targets = np.eye(4)[[shuffled[group] % 4 for group in groups]]
        accuracies.append(fit(features, targets, groups)[1].fused.accuracy)
    assert np.mean(accuracies) == pytest.approx(0.25, abs=0.12)  # 60 groups of the three: 2.1 standard errors


def test_views_of_a_video_do_not_flatter_the_figures():
    """Each video has a mark of its own, which says its label only to who saw another view of it."""
    rng = np.random.default_rng(0)
    marks = rng.normal(0, 3, (24, 1, 40))
    features = (np.repeat(marks, 4, axis=0) + rng.normal(0, 0.1, (96, T, 40))).astype(np.float32)
    targets = np.repeat(np.eye(2)[rng.permutation(24) % 2], 4, axis=0)
    groups = [f"video{i // 4}" for i in range(96)]
    blocks = {"mark": [(0, 40)]}
    assert fit(features, targets, groups, blocks=blocks)[1].fused.accuracy < 0.7
    apart = [f"row{i}" for i in range(96)]
    assert fit(features, targets, apart, blocks=blocks)[1].fused.accuracy > 0.9


def test_any_order_of_rows_gives_the_same_bits():
    features, targets, groups = videos()
    order = np.random.default_rng(0).permutation(len(features))
    a, first = fit(features, targets, groups)
    b, second = fit(features[order], targets[order], [groups[i] for i in order])
    assert first == second
    for x, y in ((a.logits, b.logits), (a.embedding, b.embedding)):
        assert x.kernel.tobytes() == y.kernel.tobytes()
        assert x.bias.tobytes() == y.bias.tobytes()


def test_several_labels_a_video():
    features, targets, groups = videos(4, per_class=20, strength=3.0)
    targets = targets @ [[1, 0, 1], [0, 1, 1], [0, 0, 0], [1, 0, 0]]
    groups = [f"{i // 2}" for i in range(len(features))]
    classifier, report = fit(features, targets, groups, several_labels=True)
    probabilities, _ = classifier.predict(features)
    assert np.mean((probabilities > 0.5) == (targets > 0)) > 0.95
    assert report.fused.accuracy > 0.9
    assert report.fused.log_loss < 0.3


def test_forty_labels_of_three_videos():
    features, targets, _ = videos(40, per_class=3, strength=8.0)
    classifier, report = fit(features, targets, [f"g{i}" for i in range(120)])
    assert report.fused.accuracy > 0.5
    assert right(classifier, features, targets) > report.fused.accuracy


def test_what_cannot_be_fitted_is_said():
    features, targets, groups = videos()
    with pytest.raises(
        SoraError, match="label 'label2': expected training videos of at least 2 groups, got 1"
    ):
        fit(features, targets, ["one" if group[0] == "2" else group for group in groups])
    with pytest.raises(SoraError, match="block 'good': expected ranges of columns within 0 to 12"):
        fit(features, targets, groups, blocks={"good": [(0, 13)]})
    features[7, 0, 0] = np.inf
    with pytest.raises(SoraError, match="the first is row 7"):
        fit(features, targets, groups)


def test_what_is_held_back_is_not_seen_by_the_second_classifier():
    features, targets, groups = videos()
    held = np.array([group.endswith("-0") for group in groups])
    options = {"blocks": {"good": BLOCKS["good"]}, "plan": replace(PLAN, classifiers=["lda"])}
    found = fit_whole(features, targets, groups, **options, hold_back=held)
    alone, _ = fit(features[~held], targets[~held], [g for g in groups if not g.endswith("-0")], **options)
    kernels = [each.logits.kernel / np.abs(each.logits.kernel).max() for each in (found.held_back, alone)]
    np.testing.assert_allclose(*kernels, atol=1e-5)  # but for the scale, which folds decide
    assert np.abs(found.classifier.logits.kernel - found.held_back.logits.kernel).max() > 1e-3
