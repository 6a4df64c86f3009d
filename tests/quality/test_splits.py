import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from sora.quality.splits import assign_fold, assign_splits, carve_validation

LABELS = st.sampled_from("abc")
GROUPS = st.sampled_from([f"g{i}" for i in range(12)])
TABLES = st.lists(st.tuples(LABELS, GROUPS), min_size=1, max_size=40).map(
    lambda rows: pd.DataFrame(rows, columns=["label", "group"])
)
SEEDS, SHARES = st.integers(0, 99), st.floats(0.01, 0.89)


def sides(videos: pd.DataFrame, splits: list[str]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for group, split in zip(videos["group"], splits, strict=True):
        found.setdefault(group, set()).add(split)
    return found


@given(TABLES, SEEDS, SHARES, st.floats(0, 0.89))
def test_groups_stay_together_and_every_label_is_trained(
    videos: pd.DataFrame, seed: int, test: float, val: float
):
    splits = assign_splits(videos, seed, test, val)
    assert set(splits) <= {"train", "val", "test"}
    assert all(len(found) == 1 for found in sides(videos, splits).values())
    trained = {label for label, split in zip(videos["label"], splits, strict=True) if split == "train"}
    assert trained == set(videos["label"])
    if val == 0:
        assert "val" not in splits


@given(TABLES, SEEDS, st.randoms(use_true_random=False))
def test_order_and_new_videos_of_old_groups_move_nothing(videos: pd.DataFrame, seed: int, random):
    before = sides(videos, assign_splits(videos, seed, 0.25, 0.15))
    order = list(range(len(videos)))
    random.shuffle(order)
    shuffled = videos.iloc[order]
    assert sides(shuffled, assign_splits(shuffled, seed, 0.25, 0.15)) == before
    more = pd.concat([videos, videos.iloc[order[:3]]], ignore_index=True)
    assert sides(more, assign_splits(more, seed, 0.25, 0.15)) == before


@settings(max_examples=50)
@given(TABLES, SEEDS, SHARES, st.data())
def test_carving_only_moves_whole_train_groups(videos: pd.DataFrame, seed: int, share: float, data):
    names = sorted(set(videos["group"]))
    side = {name: data.draw(st.sampled_from(["train", "test"])) for name in names}
    splits = [side[group] for group in videos["group"]]
    carved = carve_validation(videos, splits, seed, share)
    moves = set(zip(splits, carved, strict=True))
    assert moves <= {("train", "train"), ("train", "val"), ("test", "test")}
    assert all(len(found) == 1 for found in sides(videos, carved).values())
    for split in ("train",):
        before = {v for v, s in zip(videos["label"], splits, strict=True) if s == split}
        assert {v for v, s in zip(videos["label"], carved, strict=True) if s == split} == before


def test_shares_are_of_each_labels_groups_and_the_seed_matters():
    rows = [(label, f"{label}{i}") for label in "abc" for i in range(20) for _ in range(i % 3 + 1)]
    videos = pd.DataFrame(rows, columns=["label", "group"])
    splits = assign_splits(videos, 0, 0.25, 0.2)
    groups = videos.assign(split=splits).drop_duplicates("group").groupby(["label", "split"]).size()
    assert groups.to_dict() == {
        (la, s): n for la in "abc" for s, n in {"test": 5, "val": 3, "train": 12}.items()
    }
    assert assign_splits(videos, 1, 0.25, 0.2) != splits


def test_two_groups_make_one_to_train_and_one_to_test():
    videos = pd.DataFrame({"label": list("aabb"), "group": list("wxyz")})
    assert sorted(assign_splits(videos, 0, 0.01, 0.5)) == ["test", "test", "train", "train"]
    one = pd.DataFrame({"label": list("ab"), "group": list("wx")})
    assert assign_splits(one, 0, 0.5, 0.5) == ["train", "train"]


def test_a_video_with_several_labels_counts_for_each():
    rows = [("run;wave", f"g{i}") for i in range(4)] + [("run", f"h{i}") for i in range(4)]
    videos = pd.DataFrame(rows, columns=["label", "group"])
    splits = assign_splits(videos, 0, 0.25, 0.25)
    for label in ("run", "wave"):
        found = {s for (labels, _), s in zip(rows, splits, strict=True) if label in labels.split(";")}
        assert found == {"train", "val", "test"}, label


@given(st.integers(2, 15), SEEDS, SHARES, st.floats(0, 0.89))
def test_a_new_group_moves_at_most_two_of_its_label_and_none_of_others(
    num_groups: int, seed: int, test: float, val: float
):
    rows = [("a", f"a{i}") for i in range(num_groups)] + [("b", f"b{i}") for i in range(5)]
    before = assign_splits(pd.DataFrame(rows, columns=["label", "group"]), seed, test, val)
    more = [("a", "new"), *rows]
    after = assign_splits(pd.DataFrame(more, columns=["label", "group"]), seed, test, val)[1:]
    moved = [row for row, old, new in zip(rows, before, after, strict=True) if old != new]
    assert len(moved) <= 2
    assert {label for label, _ in moved} <= {"a"}


LABEL_SETS = st.sets(LABELS, min_size=1).map(lambda labels: ";".join(sorted(labels)))
MANY_LABELS = st.lists(st.tuples(LABEL_SETS, GROUPS), min_size=1, max_size=40).map(
    lambda rows: pd.DataFrame(rows, columns=["label", "group"])
)


def labels_with(videos: pd.DataFrame, splits: list[str], split: str) -> set[str]:
    rows = zip(videos["label"], splits, strict=True)
    return {label for labels, found in rows if found == split for label in labels.split(";")}


@settings(deadline=None)
@given(MANY_LABELS, SEEDS)
def test_a_label_of_three_groups_keeps_two_to_train_whatever_labels_go_with_it(
    videos: pd.DataFrame, seed: int
):
    splits = assign_splits(videos, seed, 0.25, 0.15)
    for label in labels_with(videos, ["all"] * len(videos), "all"):
        rows = zip(videos["label"], videos["group"], splits, strict=True)
        groups = {(group, split) for labels, group, split in rows if label in labels.split(";")}
        trained = sum(split == "train" for _, split in groups)
        assert trained >= min(2, len(groups) - 1), label


@settings(deadline=None)
@given(MANY_LABELS, SEEDS, st.integers(2, 6), st.floats(0, 0.89), st.randoms(use_true_random=False))
def test_folds_are_disjoint_and_leave_every_label_in_train(
    videos: pd.DataFrame, seed: int, num_folds: int, val: float, random
):
    order = list(range(len(videos)))
    random.shuffle(order)
    tested: list[str] = []
    for fold in range(num_folds):
        splits = assign_fold(videos, seed, num_folds, fold, val)
        assert all(len(found) == 1 for found in sides(videos, splits).values())
        assert labels_with(videos, splits, "train") == labels_with(videos, ["all"] * len(videos), "all")
        shuffled = videos.iloc[order]
        assert sides(shuffled, assign_fold(shuffled, seed, num_folds, fold, val)) == sides(videos, splits)
        tested += [group for group, found in sides(videos, splits).items() if found == {"test"}]
    assert len(tested) == len(set(tested))


@settings(deadline=None)
@given(st.lists(st.integers(2, 9), min_size=1, max_size=4), SEEDS, st.integers(2, 6))
def test_with_one_label_a_group_the_folds_partition_evenly(sizes: list[int], seed: int, num_folds: int):
    rows = [(f"l{i}", f"l{i}g{j}") for i, size in enumerate(sizes) for j in range(size)]
    videos = pd.DataFrame(rows, columns=["label", "group"])
    tested: list[tuple[str, str]] = []
    for fold in range(num_folds):
        splits = assign_fold(videos, seed, num_folds, fold, 0.0)
        test = [row for row, split in zip(rows, splits, strict=True) if split == "test"]
        for i, size in enumerate(sizes):
            assert sum(label == f"l{i}" for label, _ in test) in (size // num_folds, -(-size // num_folds))
        tested += test
    assert sorted(tested) == sorted(rows)


def test_an_assignment_that_must_not_change():
    rows = [(label, f"{label}{i}") for label in "ab" for i in range(6)]
    videos = pd.DataFrame(rows, columns=["label", "group"])
    assignments = [
        assign_splits(videos, 0, 0.25, 0.15),
        *(assign_fold(videos, 0, 3, fold, 0.25) for fold in range(3)),
    ]
    second_letters = ["".join(split[1] for split in splits) for splits in assignments]
    assert second_letters == ["reerarrerrea", "raeerrreerar", "eearrrearrre", "rarreerareer"]
