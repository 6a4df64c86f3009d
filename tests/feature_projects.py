"""A project folder with stored features and nothing before them."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from sora import layout
from sora.manifest import write_table

ROOT = Path(__file__).parents[1]
COLUMNS = {"rgb.mean": [0, 6], "motion.flow": [6, 10]}
SPACE = {
    "train.blocks": {"choices": [["rgb"], ["motion"], ["rgb", "motion"]]},
    "train.linear.fusion": {"choices": ["late", "concatenate"]},
    "train.linear.strengths": {"choices": [[1, 10, 100, 1000], [1]]},
}


def make_features(folder: Path, *, num_groups: int = 12) -> None:
    """Write features of two labels, of which ``rgb`` alone tells, with params.yaml and tuning.yaml.

    Every third group of a label is in test, every fourth of the others in val. Each group has one video.
    """
    rng = np.random.default_rng(0)
    rows = []
    for label, sign in (("left", -1), ("right", 1)):
        for group in range(num_groups):
            split = "test" if group % 3 == 0 else "val" if group % 4 == 1 else "train"
            path = f"{label}/{group:02}.mp4"
            rows.append((path, 0, f"{label}{group:02}", "", label, f"{label}{group}", split))
            features = rng.normal(size=(4, 10)).astype(np.float32)
            features[:, :6] += sign
            target = folder / layout.FEATURES / f"{rows[-1][2]}.npy"
            target.parent.mkdir(parents=True, exist_ok=True)
            np.save(target, features)
    table = pd.DataFrame(rows, columns=["path", "view", "key", "reason", "label", "group", "split"])
    write_table(folder / layout.FEATURE_INDEX, table[["path", "view", "key", "reason"]])
    write_table(folder / layout.SPLITS, table[["path", "split"]])
    write_table(folder / layout.VALIDATED, table[["path", "label", "group"]])
    (folder / layout.FEATURE_COLUMNS).write_text(json.dumps(COLUMNS))
    (folder / layout.INPUT_SPEC).write_text("{}")
    params = (ROOT / "params.yaml").read_text()
    landed = "blocks: [rgb, crop, difference, motion]"
    assert landed in params
    (folder / "params.yaml").write_text(params.replace(landed, "blocks: [rgb, motion]"))
    space = {"version": 1, "parameters": SPACE}
    (folder / "tuning.yaml").write_text(yaml.safe_dump(space, sort_keys=False))


def write_facts() -> None:
    """Give the videos of the current folder metadata, of which the frame rate tells the label."""
    videos = pd.read_csv(layout.VALIDATED)
    facts = {
        "file": videos["path"],
        "start_seconds": np.nan,
        "end_seconds": np.nan,
        "size_bytes": 1000,
        "fps": np.where(videos["label"] == "left", 25.0, 30.0),
        "duration_seconds": 2.0,
        "width": 64,
        "height": 48,
        "rotation": 0,
        "has_audio": False,
        "is_variable_rate": False,
        "video_codec": "h264",
        **dict.fromkeys(
            ["mean_brightness", "dark_share", "blurred_share", "frozen_share", "mean_motion"], 0.1
        ),
    }
    write_table(layout.VALIDATED, videos.assign(**facts))


def spoil_test_videos(folder: Path) -> None:
    """Give each test video a label and a group of its own, and make its features impossible to open."""
    splits = pd.read_csv(folder / layout.SPLITS)
    test = set(splits.loc[splits["split"] == "test", "path"])
    videos = pd.read_csv(folder / layout.VALIDATED)
    is_test = videos["path"].isin(test)
    videos.loc[is_test, ["label", "group"]] = "nonsense"
    write_table(folder / layout.VALIDATED, videos)
    index = pd.read_csv(folder / layout.FEATURE_INDEX)
    for key in index.loc[index["path"].isin(test), "key"]:
        (folder / layout.FEATURES / f"{key}.npy").unlink()
