"""How fast the frame network runs: TensorFlow, LiteRT, ONNX Runtime, and OpenVINO where it is installed.

    python benchmarks/inference.py [--rounds 3] [--json FILE]

Frames per second of every file in batches of 1 and 8: in one process of one thread, in two such processes
side by side, as the pipeline works, and in one process of two threads. Each is measured in fresh processes,
once a round; the figures are medians over rounds. ``x TF`` is the ratio to TensorFlow's own traced function
at the same batch in the same round, for each the faster way on both cores. ``cosine`` is the similarity to
Keras' features in the worst depth of the worst frame, on random patches.

At last, each file that a bundle can have goes through the very code that serves (``load_backbone`` and
``segment_features``) in two processes. Ends with 1 where the fastest of these is below 95 % of the fastest
runtime, or the fastest float32 one below 95 % of the fastest float32 runtime.
"""

import argparse
import importlib.util
import json
import logging
import multiprocessing
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np
from raw_runtimes import Network, load_raw
from rich.console import Console
from rich.table import Table

from sora.compression.onnx_quantization import to_onnx_int8
from sora.compression.quantization import Kind, to_litert
from sora.frames.inputs import NetworkInput
from sora.networks.backbones import feature_blocks
from sora.quiet import import_tensorflow
from sora.runtimes import load_backbone, segment_features

if TYPE_CHECKING:
    import keras

IMAGE_SIZE_PX = 224
BATCHES = (1, 8)
NUM_IMAGES = 16  # of a turn: the segments of one video
MIN_SECONDS = 1.5
MIN_SHARE = 0.95
KINDS: tuple[Kind, ...] = ("float32", "float16", "dynamic", "int8")
WAYS = {"one thread": (1, 1), "two processes": (2, 1), "two threads": (1, 2)}  # processes, threads of each
SERVED = "served"


@dataclass(frozen=True)
class Case:
    """A file of the network and who runs it, in batches of a size."""

    runtime: str
    kind: str
    batch: int
    path: str


Round = dict[tuple[Case, str], float]  # case and way -> frames per second


def main() -> int:
    """Write the files, measure, print; return 1 where a limit does not hold."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3, help="default: 3")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        cases, features = export_all(Path(folder))
        rounds = [measured_round(cases) for _ in range(options.rounds)]
        rows = [row_of(case, rounds, features) for case in cases]
    shares = [served_share(rounds, kinds) for kinds in (KINDS, KINDS[:1])]
    show(rows, shares)
    if options.json:
        figures = {"rows": rows, "served_shares": shares}
        options.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    return int(any(found["share"] < MIN_SHARE for found in shares))


def synthetic_images(seed: int) -> np.ndarray:
    """Give random patches in the range of network input: float32 (16, 224, 224, 3)."""
    coarse = np.random.default_rng(seed).integers(0, 256, (NUM_IMAGES, 28, 28, 3))
    fine = coarse.repeat(IMAGE_SIZE_PX // 28, axis=1).repeat(IMAGE_SIZE_PX // 28, axis=2)
    return ((fine - 127) / 128).astype(np.float32)


def export_all(folder: Path) -> tuple[list[Case], np.ndarray]:
    """Write the network for every runtime; give what is to be measured, and Keras' features."""
    import_tensorflow()
    logging.getLogger("absl").setLevel(logging.ERROR)
    from sora.networks.backbones import frame_feature_network
    from sora.networks.model_files import save_model

    network = frame_feature_network(image_size_px=IMAGE_SIZE_PX)
    save_model(network, folder / "keras")
    onnx = write_onnx(network, folder)
    cases = [Case("TensorFlow", "float32", batch, str(folder / "keras")) for batch in BATCHES]
    cases += [
        Case("LiteRT", kind, b, write_litert(network, folder, kind, b)) for kind in KINDS for b in BATCHES
    ]
    cases += [Case("ONNX Runtime", kind, batch, path) for kind, path in onnx.items() for batch in BATCHES]
    if importlib.util.find_spec("openvino"):
        cases += [Case("OpenVINO", "float32", batch, onnx["float32"]) for batch in BATCHES]
    return cases, np.asarray(network(synthetic_images(seed=0), training=False))


def write_onnx(network: "keras.Model", folder: Path) -> dict[str, str]:
    """Write the .onnx files, which take any batch; give their names by kind."""
    from sora.networks.onnx_export import export_onnx

    files = {kind: folder / f"{kind}.onnx" for kind in ("float32", "int8")}
    export_onnx(network, files["float32"])
    samples = [image[None] for image in synthetic_images(seed=1)]
    files["int8"].write_bytes(to_onnx_int8(files["float32"], samples))
    return {kind: str(path) for kind, path in files.items()}


def write_litert(network: "keras.Model", folder: Path, kind: Kind, batch: int) -> str:
    """Write a LiteRT file with a fixed batch; give its name."""
    images = synthetic_images(seed=1)
    samples = [[images[i : i + batch]] for i in range(0, len(images), batch)]
    path = folder / f"{kind}-{batch}.tflite"
    path.write_bytes(to_litert(network, kind, batch, samples))
    return str(path)


def load(case: Case, num_threads: int) -> Network:
    """Load a file into its runtime."""
    return load_raw(case.runtime, case.path, num_threads)


def load_served(case: Case, num_threads: int) -> Network:
    """Load a file as the service does, and take the images of a video as it does."""
    backbone = load_backbone(Path(case.path))
    no_descriptors = np.empty((NUM_IMAGES, 0), np.float32)
    return lambda images: segment_features(NetworkInput(images[None], no_descriptors), backbone)


def measured_round(cases: Sequence[Case]) -> Round:
    """Measure every case in every way once, and what serves right after."""
    found: Round = {}
    for case in cases:
        for way, (num_processes, num_threads) in WAYS.items():
            found[case, way] = speed(load, case, num_processes, num_threads)
        if is_served(case):
            found[case, SERVED] = speed(load_served, case, *WAYS["two processes"])
    return found


def is_served(case: Case) -> bool:
    """Whether a bundle can have this file; there frames of single images stand alone."""
    return case.batch == 1 and case.runtime in ("LiteRT", "ONNX Runtime")


def speed(
    load_network: Callable[[Case, int], Network], case: Case, num_processes: int, num_threads: int
) -> float:
    """Give the frames per second of so many processes together."""
    context = multiprocessing.get_context("spawn")
    barrier, results = context.Barrier(num_processes), context.Queue()
    arguments = (load_network, case, num_threads, barrier, results)
    processes = [context.Process(target=run_in_process, args=arguments) for _ in range(num_processes)]
    for process in processes:
        process.start()
    speeds = [results.get(timeout=600) for _ in processes]
    for process in processes:
        process.join()
    return sum(speeds)


def run_in_process(
    load_network: Callable[[Case, int], Network], case: Case, num_threads: int, barrier: Any, results: Any
) -> None:
    """Run turns of 16 images until the time is up; report frames per second."""
    network, images = load_network(case, num_threads), synthetic_images(seed=0)
    size = NUM_IMAGES if load_network is load_served else case.batch
    run_batches(network, images, size)
    barrier.wait()
    count, start = 0, time.perf_counter()
    while (seconds := time.perf_counter() - start) < MIN_SECONDS:
        run_batches(network, images, size)
        count += len(images)
    results.put(count / seconds)


def run_batches(network: Network, images: np.ndarray, size: int) -> np.ndarray:
    """Run all images in batches; give float32 (N, F)."""
    return np.concatenate([network(images[i : i + size]) for i in range(0, len(images), size)])


def row_of(case: Case, rounds: Sequence[Round], features: np.ndarray) -> dict[str, Any]:
    """Give the medians of a case, its size and what it makes of the features."""
    tensorflow = next(
        other for other, _ in rounds[0] if other.runtime == "TensorFlow" and other.batch == case.batch
    )
    ratios = [on_both_cores(found, case) / on_both_cores(found, tensorflow) for found in rounds]
    ways = (*WAYS, SERVED) if is_served(case) else WAYS
    received = run_batches(load(case, 1), synthetic_images(seed=0), case.batch)
    files = [path for path in (Path(case.path), *Path(case.path).glob("*")) if path.is_file()]
    return {
        **{key: value for key, value in asdict(case).items() if key != "path"},
        "size_mb": round(sum(path.stat().st_size for path in files) / 1e6, 1),
        **{way: round(median(found[case, way] for found in rounds), 1) for way in ways},
        "x TF": round(median(ratios), 2),
        "cosine": round(least_cosine(received, features), 5),
    }


def on_both_cores(found: Round, case: Case) -> float:
    """Give the faster way of a case to use two cores."""
    return max(found[case, "two processes"], found[case, "two threads"])


def served_share(rounds: Sequence[Round], kinds: Sequence[str]) -> dict[str, Any]:
    """Compare the fastest file that is served with the fastest runtime, among some kinds."""
    speeds = {key: median(found[key] for found in rounds) for key in rounds[0] if key[0].kind in kinds}
    served = max((key for key in speeds if key[1] == SERVED), key=speeds.__getitem__)
    fastest = max((key for key in speeds if key[1] != SERVED), key=speeds.__getitem__)
    return {
        "served": described(*served),
        "fastest": described(*fastest),
        "share": round(median(found[served] / found[fastest] for found in rounds), 3),
    }


def described(case: Case, way: str) -> str:
    """Name a measurement."""
    return f"{case.runtime} {case.kind}, batch {case.batch}, {way}"


def least_cosine(received: np.ndarray, expected: np.ndarray) -> float:
    """Compare two float32 (N, F) depth by depth and give the least cosine."""
    cosines = []
    for columns in feature_blocks().values():
        one, other = received[:, columns], expected[:, columns]
        norms = np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1)
        cosines.append(((one * other).sum(axis=1) / norms).min())
    return float(min(cosines))


def show(rows: Sequence[dict[str, Any]], shares: Sequence[dict[str, Any]]) -> None:
    """Print the table and whether the limits hold."""
    columns = [*rows[0], SERVED]
    table = Table(*columns, title="frames per second")
    for row in rows:
        table.add_row(*(str(row.get(name, "")) for name in columns))
    Console(width=140).print(table)
    for found in shares:
        verdict = "holds" if found["share"] >= MIN_SHARE else "MISSED"
        print(f"{verdict}: {found['served']}: {found['share']:.1%} of {found['fastest']}")


if __name__ == "__main__":
    sys.exit(main())
