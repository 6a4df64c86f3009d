"""A project folder as the stages up to compress leave it: videos, features, tables and a tiny bundle."""

import json
import shutil
from dataclasses import asdict, fields, replace
from pathlib import Path

import numpy as np
import pandas as pd
from bundles import LABELS, SPEC, tiny_bundle, write_video

from sora import layout
from sora.bundle import Bundle, read_bundle, write_bundle
from sora.clip import read_clean_clip
from sora.frames.inputs import network_input
from sora.manifest import write_table
from sora.runtimes import kept_backbone, segment_features
from sora.sources.hashes import content_hash

ROOT = Path(__file__).parents[1]
NUM_VIDEOS = 3


def make_model(folder: Path) -> Bundle:
    """Write a tiny bundle, what it was made from, and a place for features."""
    bundle = tiny_bundle(folder / layout.BUNDLE)
    for path in (layout.FEATURES, layout.BACKBONES, layout.TRAINED):
        (folder / path).mkdir(parents=True)
    shutil.copy(bundle.backbone, folder / layout.BACKBONE)
    shutil.copy(ROOT / "params.yaml", folder / "params.yaml")
    (folder / layout.TRAINED_LABELS).write_text(json.dumps(LABELS))
    (folder / layout.INPUT_SPEC).write_text(json.dumps(asdict(SPEC)))
    return bundle


def store_features(folder: Path, key: str, video: Path) -> None:
    """Store the features of a video as extract does."""
    inputs = network_input(read_clean_clip(video, SPEC.clip).pixels, SPEC)
    features = segment_features(inputs, kept_backbone(folder / layout.BACKBONE))
    np.save(folder / layout.FEATURES / f"{key}.npy", features)


def make_indexed_project(folder: Path) -> Bundle:
    """Write one video of each label, in train, val and test, and all that an index is made from."""
    bundle = make_model(folder)
    rows = []
    for number, (label, split) in enumerate(zip(LABELS, ("train", "val", "test"), strict=True)):
        file = write_video(folder / f"{number}.avi", seed=number)
        store_features(folder, f"key{number}", file)
        rows.append((f"{label}/{number}.avi", file.name, content_hash(file), label, split, f"key{number}"))
    table = pd.DataFrame(rows, columns=["path", "file", "content_hash", "label", "split", "key"])
    table = table.assign(view=0, reason="", group=table["key"])
    write_table(folder / layout.FEATURE_INDEX, table[["path", "view", "key", "reason"]])
    write_table(folder / layout.SPLITS, table[["path", "split"]])
    write_table(folder / layout.VALIDATED, table[["path", "file", "content_hash", "label", "group"]])
    return bundle


def rewritten_bundle(bundle: Bundle, **changes: object) -> Bundle:
    """Put a bundle in the place of ``bundle`` that differs in what is named."""
    networks = bundle.folder.with_name("networks")
    shutil.copytree(bundle.folder, networks)
    copy = replace(read_bundle(networks), **changes)
    parts = {f.name: getattr(copy, f.name) for f in fields(Bundle) if f.name not in ("folder", "version")}
    return write_bundle(bundle.folder, **parts)
