"""A trained parent of two labels, and a third label that arrives; as a program it prints a digest."""

import hashlib
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from toy_videos import F, videos

from sora.features import FeatureSet
from sora.manifest import labels_in
from sora.params import convert
from sora.training.on_features import fit
from sora.training.parent import Parent
from sora.training.spec import TrainSpec
from sora.training.update import update

LABELS = ["a", "b", "c"]
COLUMNS = {"rgb": slice(0, 12), "flow": slice(12, F)}


def spec(head: str, **changes: object) -> TrainSpec:
    """Return the landed parameters, made small."""
    section = yaml.safe_load((Path(__file__).parents[1] / "params.yaml").read_text())["train"]
    small = {"head": head, "blocks": ["rgb", "flow"], "epochs": 15, "batch_size": 16, "units": 8}
    optimizer = section["optimizer"] | {"learning_rate": 0.01}
    return convert(TrainSpec, {**section, **small, "optimizer": optimizer, **changes}, "train")


def stored(num_videos: int = 180, seed: int = 0) -> FeatureSet:
    """Give videos of three labels, of which the first third is val, and the rest train."""
    names = [f"{seed}-{number:03}" for number in range(num_videos)]
    table = pd.DataFrame(
        {
            "path": names,
            "key": names,
            "view": 0,
            "label": [LABELS[number % 3] for number in range(num_videos)],
            "group": names,
            "split": ["val" if number < num_videos // 3 else "train" for number in range(num_videos)],
        }
    )
    return FeatureSet(table, videos(num_videos, seed).features, COLUMNS)


def chosen(features: FeatureSet, rows: list[bool] | np.ndarray) -> FeatureSet:
    """Return the rows of a mask."""
    return replace(features, videos=features.videos[rows], features=features.features[rows])


def of_labels(features: FeatureSet, labels: list[str]) -> FeatureSet:
    """Return the videos of some labels."""
    return chosen(features, features.videos["label"].isin(labels).to_numpy())


def parent_of(features: FeatureSet, params: TrainSpec, labels: list[str]) -> Parent:
    """Train a model on the videos of some labels."""
    part = chosen(features, [set(labels_in(label)) <= set(labels) for label in features.videos["label"]])
    fitted = fit(part, labels, params, seed=0)
    return Parent(fitted.model, fitted.without_val, labels, part.videos, fitted.choices)


def digest(head: str) -> str:
    """Return the hash of all weights after an update."""
    features, params = stored(60), spec(head, epochs=2)
    fitted = update(parent_of(features, params, ["a", "b"]), features, LABELS, params, seed=1)
    found = hashlib.sha256()
    for array in [*fitted.model.get_weights(), *fitted.without_val.get_weights()]:
        found.update(array.tobytes())
    return found.hexdigest()


if __name__ == "__main__":
    print(digest(sys.argv[1]))
