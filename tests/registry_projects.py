"""A project in git with what a run of the pipeline leaves, in small: any bytes do for networks and Bento."""

import io
import json
import subprocess
import tarfile
from collections.abc import Collection, Mapping
from pathlib import Path

import pandas as pd
import yaml
from clip_specs import input_spec

from sora import layout
from sora.atomic import write_json
from sora.bundle import write_bundle
from sora.lineage import path_hash
from sora.manifest import write_table
from sora.registry.gate import Rules

LABELS = ("jump", "run", "walk")
NUM_VIDEOS, VIDEOS_A_GROUP = 36, 2
LEARNED = ("jump/learned.mp4", "jump/more.mp4")
RULES = Rules(max_class_drop=0.1, max_latency_ratio=1.5)
IDENTITY = ("-c", "user.name=Ann", "-c", "user.email=ann@example.org")


def make_project(folder: Path) -> Path:
    """Lay out a repository with one commit, and in it the first candidate, which is right on every video."""
    folder.mkdir(parents=True)
    git(folder, "init", "-q", "-b", "main")
    for name in ("a.txt", "b.txt", "train.py"):
        (folder / name).write_text(f"{name} as committed\n")
    ignored = [layout.BUNDLE, layout.BENTO, layout.VALIDATED, layout.MANIFEST, layout.SPLITS]
    ignored += [layout.FEATURE_INDEX, layout.OUTCOMES]
    (folder / ".gitignore").write_text("".join(f"/{path.as_posix()}\n" for path in ignored))
    git(folder, "add", "-A")
    git(folder, *IDENTITY, "commit", "-q", "-m", "start")
    return write_candidate(folder, "first")


def write_candidate(
    folder: Path,
    name: str,
    *,
    wrong: Collection[int] = (),
    latency_ms: float = 100.0,
    leaks: Collection[str] = (),
    left_out: Collection[int] = (),
    relabelled: Mapping[int, str] | None = None,
) -> Path:
    """Write a candidate whose networks hold ``name`` and that is wrong on the videos numbered ``wrong``."""
    version = _write_model(folder, name)
    _write_bento(folder / layout.BENTO, version, name)
    table = _videos(relabelled or {})
    write_table(folder / layout.VALIDATED, table[["path", "content_hash", "group"]])
    _write_tables(folder, table, left_out)
    tested = table.drop(index=list(left_out))
    predicted = [
        LABELS[(LABELS.index(label) + (number in wrong)) % 3] for number, label in tested["label"].items()
    ]
    predictions = tested[["path", "label"]].assign(predicted=predicted)
    for label in LABELS:
        predictions[f"probability_{label}"] = [0.8 if said == label else 0.1 for said in predicted]
    write_table(folder / layout.PREDICTIONS, predictions)
    write_json(folder / layout.METRICS, {"accuracy": 1 - len(wrong) / len(tested), "model": name})
    findings = [{"rule": rule, "reason": "is in train and test", "path": "walk/1.mp4"} for rule in leaks]
    write_json(folder / layout.VALIDATION, {"warnings": findings, "failures": []})
    row = {"name": "onnx-int8", "latency_ms_median": latency_ms}
    write_json(folder / layout.COMPRESSION, {"candidates": [row], "chosen": "onnx-int8"})
    _write_pipeline(folder, name)
    return folder


def git(folder: Path, *words: str) -> str:
    done = subprocess.run(["git", *words], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def _videos(relabelled: Mapping[int, str]) -> pd.DataFrame:
    numbers = range(NUM_VIDEOS)
    labels = [LABELS[number % len(LABELS)] for number in numbers]
    return pd.DataFrame(
        {
            "path": [f"{labels[number]}/{number}.mp4" for number in numbers],
            "content_hash": [f"{number:064x}" for number in numbers],
            "group": [f"g{number // VIDEOS_A_GROUP}" for number in numbers],
            "label": [relabelled.get(number, labels[number]) for number in numbers],
        }
    )


def _write_tables(folder: Path, tested: pd.DataFrame, left_out: Collection[int]) -> None:
    """Write what lineage reads; ``LEARNED`` are the videos that every model has learned."""
    learned = pd.DataFrame({"path": LEARNED, "content_hash": [f"{9 * 16**40 + n:064x}" for n in range(2)]})
    table = pd.concat([tested, learned.assign(label=LABELS[0])], ignore_index=True)
    in_train = table["path"].isin(LEARNED) | table.index.isin(left_out)
    write_table(folder / layout.MANIFEST, table.assign(file="videos/" + table["path"]))
    splits = pd.Series(in_train).map({True: "train", False: "test"})
    write_table(folder / layout.SPLITS, table[["path"]].assign(split=splits))
    write_table(folder / layout.FEATURE_INDEX, table[["path"]].assign(view=0, key=table["path"], reason=""))
    write_table(folder / layout.OUTCOMES, table[["path", "label"]].assign(outcome="ok", stage="", reason=""))


def _write_model(folder: Path, name: str) -> str:
    networks = folder.with_name(f"{folder.name}-networks")
    networks.mkdir(exist_ok=True)
    backbone, head = networks / "backbone.onnx", networks / "head.tflite"
    backbone.write_bytes(f"backbone of {name}".encode() * 1000)
    head.write_bytes(f"head of {name}".encode() * 1000)
    return write_bundle(
        folder / layout.BUNDLE,
        backbone=backbone,
        head=head,
        edge_backbone=head,
        edge_head=head,
        spec=input_spec(),
        labels=LABELS,
        several_labels=False,
        variant="onnx-int8",
        edge_variant="litert-int8",
        lineage={"videos": name, layout.TRAINED.as_posix(): path_hash(networks)},
    ).version


def _write_bento(path: Path, version: str, build: str) -> None:
    record = yaml.safe_dump({"name": "sora-video", "version": version, "creation_time": build}).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w") as archive:
        member = tarfile.TarInfo("./bento.yaml")
        member.size = len(record)
        archive.addfile(member, io.BytesIO(record))


def _write_pipeline(folder: Path, name: str) -> None:
    (folder / "params.yaml").write_text(f"seed: {json.dumps(name)}\ningest: {{source: videos}}\n")
    (folder / "train.py").write_text(f"# code of {name}, not committed\n")
    (folder / "dvc.yaml").write_text("stages: {train: {cmd: python train.py}}\n")
    deps = ["train.py", "data/videos", "/elsewhere/labels.csv"]
    outs = [*(path.as_posix() for path in (layout.METRICS, layout.BUNDLE, layout.PREDICTIONS))]
    stage = {kind: [{"path": path} for path in paths] for kind, paths in (("deps", deps), ("outs", outs))}
    (folder / "dvc.lock").write_text(yaml.safe_dump({"stages": {"train": {**stage, "md5": name}}}))
    (folder / "data").mkdir(exist_ok=True)
    (folder / "data/videos.dvc").write_text(f"outs: [{{path: videos, md5: {json.dumps(name)}}}]\n")
