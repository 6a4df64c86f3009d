"""Pruning of the backbone: what becomes faster, what becomes smaller, and what accuracy is left.

    python benchmarks/pruning.py PROJECT [--shares 0.3 0.5] [--epochs 4] [--json FILE]

PROJECT is a folder where ingest to train have run; the recipe ``fast``, which sees one stream, is the
quickest. It stays as it is, and so does its head: accuracy is that of the trained head on the features of
the pruned backbone. Every network is timed in turn with the full one, one image on one thread.
"""

import argparse
import gzip
import json
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from rich.console import Console
from rich.table import Table

from sora import layout
from sora.compression.quantization import Kind, to_litert
from sora.evaluation.predictions import predicted_labels
from sora.features import FeatureSet, feature_table, load_features
from sora.frames.inputs import network_input
from sora.frames.spec import InputSpec
from sora.quiet import import_tensorflow
from sora.runtimes import load_backbone
from sora.trained import Trained, clip_paths, read_trained
from sora.video.write import read_clip

if TYPE_CHECKING:
    import keras

NUM_ROUNDS, NUM_CALLS = 9, 5
MOMENTS_PER_VIDEO = 2
NUM_SOLVING_IMAGES = 120
KINDS: tuple[Kind, ...] = ("float32", "int8")
SPARSITIES = (0.5, 0.8)
LEARNING_RATE, BATCH_SIZE = 1e-4, 16
Row: TypeAlias = dict[str, Any]
Accuracy: TypeAlias = Callable[["keras.Model"], float]


@dataclass(frozen=True)
class Data:
    """What the networks are solved, distilled and tried on.

    Attributes:
        images: float32 (N, S, S, 3), of training videos.
        test: stored features of the test videos, by the full backbone.
        spec: of the streams alone; descriptors come from no backbone.
        labels: in the order of the probabilities.
    """

    images: np.ndarray
    test: FeatureSet
    spec: InputSpec
    labels: list[str]


def main() -> None:
    """Prune, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("project", type=Path, help="folder where train has run")
    parser.add_argument("--shares", type=float, nargs="+", default=[0.3, 0.5], help="of channels to remove")
    parser.add_argument("--epochs", type=int, default=4, help="of distillation; 0: none")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    options = parser.parse_args()
    target = options.json and options.json.resolve()
    os.chdir(options.project)
    with tempfile.TemporaryDirectory() as folder:
        figures = measured(Path(folder), options.shares, options.epochs)
    for title, rows in figures.items():
        show(title, rows)
    if target:
        target.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


def measured(folder: Path, shares: Sequence[float], epochs: int) -> dict[str, list[Row]]:
    """Give the rows of each table: accuracy by channels, size by zeros, speed."""
    import_tensorflow()
    from sora.compression.sparsity import prune_weights
    from sora.networks.model_files import load_model

    trained = read_trained()
    full, head = load_model(trained.backbone_model), load_model(layout.TRAINED)
    data = read_data(trained)

    def accuracy(network: "keras.Model") -> float:
        return test_accuracy(network, head, data, folder)

    channels, networks = [{"channels removed": "none", "solved": accuracy(full)}], {"full": full}
    for share in shares:
        name = f"{share:.0%}"
        row, networks[f"{name} of channels removed"] = by_channels(share, full, data, epochs, accuracy)
        channels.append({"channels removed": name, **row})
    zeros = []
    for share in SPARSITIES:
        sparse = prune_weights(full, share)
        networks[f"{share:.0%} of weights zero"] = sparse
        zeros.append({"weights zero": f"{share:.0%}", "accuracy": accuracy(sparse)})
    return {
        "test accuracy": channels,
        "magnitude pruning": zeros,
        "speed and size": speeds(networks, data, folder),
    }


def read_data(trained: Trained) -> Data:
    """Read some images of every training video, and what is known of the test videos."""
    descriptors = replace(trained.spec.descriptors, names=[])
    spec = replace(trained.spec, descriptors=descriptors)
    clips = clip_paths()
    moments = np.linspace(0, spec.clip.num_segments - 1, MOMENTS_PER_VIDEO + 2).round().astype(int)[1:-1]
    images = [stream_images(clips[path], spec)[:, moments] for path in feature_table(("train",))["path"]]
    flat = np.concatenate([each.reshape(-1, *each.shape[2:]) for each in images])
    return Data(flat, load_features(("test",)), spec, trained.labels)


def stream_images(clip: Path, spec: InputSpec) -> np.ndarray:
    """Give the network input of a clip, float32 (R, T, S, S, 3)."""
    return network_input(read_clip(clip, spec.clip.num_frames), spec).images


def by_channels(
    share: float, full: "keras.Model", data: Data, epochs: int, accuracy: Accuracy
) -> tuple[Row, "keras.Model"]:
    """Prune one network; give its accuracy on the way, and what came of it."""
    from sora.compression.channels import prune_channels
    from sora.compression.distillation import DistillationPlan, distil

    sample = data.images[:: max(1, len(data.images) // NUM_SOLVING_IMAGES)]
    row: Row = {"cut off": accuracy(prune_channels(full, share, sample, reconstruct=False))}
    start = time.perf_counter()
    narrow = prune_channels(full, share, sample)
    row |= {"solving seconds": time.perf_counter() - start, "solved": accuracy(narrow)}
    if epochs:
        start = time.perf_counter()
        distil(narrow, full, data.images, DistillationPlan(epochs, BATCH_SIZE, LEARNING_RATE))
        row |= {"distilling seconds": time.perf_counter() - start, "distilled": accuracy(narrow)}
    return row, narrow


def test_accuracy(network: "keras.Model", head: "keras.Model", data: Data, folder: Path) -> float:
    """Return the share of the test videos that the head gets right from the features of a network."""
    from sora.networks.onnx_export import export_onnx

    export_onnx(network, folder / "tried.onnx")
    run, clips = load_backbone(folder / "tried.onnx"), clip_paths()
    features = data.test.features.copy()
    for row, path in enumerate(data.test.videos["path"]):
        seen = np.concatenate([run(images) for images in stream_images(clips[path], data.spec)], axis=1)
        features[row, :, : seen.shape[1]] = seen
    probabilities = np.asarray(head.predict(features, verbose=0)[0])
    predicted = predicted_labels(probabilities, data.labels, several_labels=False)
    return float(np.mean(predicted == data.test.videos["label"].to_numpy()))


def speeds(networks: dict[str, "keras.Model"], data: Data, folder: Path) -> list[Row]:
    """Give size and speed of each network in every form; the first is what the others are compared with."""
    files = {
        name: written(network, data, folder, str(i)) for i, (name, network) in enumerate(networks.items())
    }
    rows: list[Row] = [
        {"network": name, "parameters": network.count_params()} for name, network in networks.items()
    ]
    for form in next(iter(files.values())):
        of_form = [forms[form] for forms in files.values()]
        for row, path, ms in zip(rows, of_form, milliseconds(of_form, data.images), strict=True):
            size = path.stat().st_size
            row[form] = {
                "ms": round(ms, 2),
                "ratio": None,
                "size_mb": round(size / 1e6, 2),
                "gzip_mb": round(len(gzip.compress(path.read_bytes(), 6)) / 1e6, 2),
            }
            row[form]["ratio"] = round(rows[0][form]["ms"] / ms, 2)
    return rows


def written(network: "keras.Model", data: Data, folder: Path, stem: str) -> dict[str, Path]:
    """Write a network for ONNX Runtime and LiteRT."""
    from sora.networks.onnx_export import export_onnx

    files = {"onnx float32": folder / f"{stem}.onnx"}
    export_onnx(network, files["onnx float32"])
    samples = [[image[None]] for image in data.images[::8]]
    for kind in KINDS:
        files[f"litert {kind}"] = folder / f"{stem}-{kind}.tflite"
        files[f"litert {kind}"].write_bytes(to_litert(network, kind, samples=samples))
    return files


def milliseconds(files: Sequence[Path], images: np.ndarray) -> list[float]:
    """Time each file in turn, round after round; give the median of each for one image."""
    networks = [load_backbone(path) for path in files]
    seconds: list[list[float]] = [[] for _ in files]
    for _ in range(NUM_ROUNDS):
        for network, found in zip(networks, seconds, strict=True):
            network(images[:1])
            start = time.perf_counter()
            for image in images[:NUM_CALLS]:
                network(image[None])
            found.append((time.perf_counter() - start) / NUM_CALLS)
    return [float(np.median(found)) * 1000 for found in seconds]


def show(title: str, rows: Sequence[Row]) -> None:
    """Print rows; the last has all columns."""
    table = Table(*rows[-1], title=title)
    for row in rows:
        table.add_row(*(told(row.get(column, "")) for column in rows[-1]))
    Console(width=140).print(table)


def told(value: object) -> str:
    """Write a figure, or several."""
    if isinstance(value, dict):
        return f"{value['ms']} ms, x{value['ratio']}\n{value['size_mb']} MB, gzip {value['gzip_mb']}"
    return f"{value:.3f}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    main()
