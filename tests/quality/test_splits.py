import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from sora.quality.splits import assign_splits, carve_validation

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
