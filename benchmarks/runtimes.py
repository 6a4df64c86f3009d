"""How fast the frame network runs: ONNX Runtime and LiteRT, with threads and with processes.

    python benchmarks/runtimes.py [--batch 16] [--json FILE]

Speeds are in frames per second, the median of several runs; ``cosine`` is the similarity to Keras' features
in the worst depth of the worst frame.
"""

import argparse
import json
import logging
import multiprocessing
import os
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.console import Console
from rich.table import Table

from sora.compression.quantization import Kind, to_litert
from sora.networks.backbones import feature_blocks
from sora.quiet import silent_stderr

if TYPE_CHECKING:
    import keras

IMAGE_SIZE_PX = 224
NUM_ROUNDS = 7
KINDS: tuple[Kind, ...] = ("float32", "float16", "dynamic", "int8")
Network = Callable[[np.ndarray], np.ndarray]


def main() -> None:
    """Parse the options, measure, print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--batch", type=int, default=16, help="frames in a batch (default: 16)")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    options = parser.parse_args()
    images = synthetic_images(options.batch, seed=0)
    with tempfile.TemporaryDirectory() as folder:
        files, features = export_all(Path(folder), images)
        figures = {
            "single_process": [
                measure(file, num_threads, images, features) for file in files for num_threads in (1, 2)
            ],
            "two_cores": [measure_two_cores(file, images) for file in files],
        }
    for title, rows in figures.items():
        print_table(title, rows)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


def synthetic_images(num_images: int, seed: int) -> np.ndarray:
    """Give random patches in the range of network input: float32 (N, 224, 224, 3)."""
    coarse = np.random.default_rng(seed).integers(0, 256, (num_images, 28, 28, 3))
    fine = coarse.repeat(IMAGE_SIZE_PX // 28, axis=1).repeat(IMAGE_SIZE_PX // 28, axis=2)
    return ((fine - 127) / 128).astype(np.float32)


def export_all(folder: Path, images: np.ndarray) -> tuple[list[dict[str, Any]], np.ndarray]:
    """Write the network for every runtime; give a description of each file, and Keras' features."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with silent_stderr():
        from sora.networks.backbones import frame_feature_network
        from sora.networks.onnx_export import export_onnx
    logging.getLogger("absl").setLevel(logging.ERROR)
    network = frame_feature_network(image_size_px=IMAGE_SIZE_PX)
    calibration = synthetic_images(len(images), seed=1)
    path = folder / "float32.onnx"
    any_batch = described(path, "float32", 1, partial(export_onnx, network, path))
    files = [any_batch, {**any_batch, "batch": len(images)}]
    for kind in KINDS:
        for batch in (1, len(images)):
            path = folder / f"{kind}-{batch}.tflite"
            files.append(
                described(path, kind, batch, partial(convert, network, path, kind, batch, calibration))
            )
    return files, np.asarray(network(images, training=False))


def described(path: Path, kind: str, batch: int, write: Callable[[], None]) -> dict[str, Any]:
    """Write a file and describe it: how it runs, its size, and how long the writing took."""
    start = time.perf_counter()
    write()
    return {
        "path": str(path),
        "runtime": "onnxruntime" if path.suffix == ".onnx" else "litert",
        "kind": kind,
        "batch": batch,
        "size_mb": path.stat().st_size / 1e6,
        "export_seconds": time.perf_counter() - start,
    }


def convert(network: "keras.Model", path: Path, kind: Kind, batch: int, images: np.ndarray) -> None:
    """Write the network as LiteRT with a fixed batch."""
    samples = [[images[i : i + batch]] for i in range(0, len(images), batch)]
    path.write_bytes(to_litert(network, kind, batch, samples))


def load(file: dict[str, Any], num_threads: int) -> Network:
    """Load a file into its runtime; the function takes and gives one batch."""
    return (_load_onnx if file["runtime"] == "onnxruntime" else _load_litert)(file["path"], num_threads)


def _load_onnx(path: str, num_threads: int) -> Network:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = num_threads
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return lambda images: session.run(None, {"images": images})[0]


def _load_litert(path: str, num_threads: int) -> Network:
    from ai_edge_litert.interpreter import Interpreter

    with silent_stderr():
        interpreter = Interpreter(path, num_threads=num_threads)
        interpreter.allocate_tensors()
    source, result = interpreter.get_input_details()[0]["index"], interpreter.get_output_details()[0]["index"]

    def run(images: np.ndarray) -> np.ndarray:
        interpreter.set_tensor(source, images)
        interpreter.invoke()
        return interpreter.get_tensor(result)

    return run


def run_batches(network: Network, images: np.ndarray, batch: int) -> np.ndarray:
    """Run all images in batches; give float32 (N, F)."""
    return np.concatenate([network(images[i : i + batch]) for i in range(0, len(images), batch)])


def measure(
    file: dict[str, Any], num_threads: int, images: np.ndarray, features: np.ndarray
) -> dict[str, Any]:
    """Time one file in this process, after one run to warm up, which also gives the similarity."""
    network = load(file, num_threads)
    received = run_batches(network, images, file["batch"])
    seconds = []
    for _ in range(NUM_ROUNDS):
        start = time.perf_counter()
        run_batches(network, images, file["batch"])
        seconds.append(time.perf_counter() - start)
    return {
        **{key: value for key, value in file.items() if key != "path"},
        "threads": num_threads,
        "frames_per_second": len(images) / float(np.median(seconds)),
        "cosine": least_cosine(received, features),
    }


def least_cosine(received: np.ndarray, expected: np.ndarray) -> float:
    """Compare two float32 (N, F) depth by depth and give the least cosine."""
    cosines = []
    for columns in feature_blocks().values():
        one, other = received[:, columns], expected[:, columns]
        norms = np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1)
        cosines.append(((one * other).sum(axis=1) / norms).min())
    return float(min(cosines))


def measure_two_cores(file: dict[str, Any], images: np.ndarray) -> dict[str, Any]:
    """Compare one process of two threads with two processes of one thread."""
    row = {key: file[key] for key in ("runtime", "kind", "batch")}
    row["one_process_two_threads"] = _processes_speed(1, 2, file, images)
    row["two_processes_one_thread"] = _processes_speed(2, 1, file, images)
    return row


def _processes_speed(num_processes: int, num_threads: int, file: dict[str, Any], images: np.ndarray) -> float:
    context = multiprocessing.get_context("spawn")
    barrier, results = context.Barrier(num_processes), context.Queue()
    arguments = (file, num_threads, images, barrier, results)
    processes = [context.Process(target=_run_in_process, args=arguments) for _ in range(num_processes)]
    for process in processes:
        process.start()
    starts, ends = zip(*(results.get(timeout=120) for _ in processes), strict=True)
    for process in processes:
        process.join()
    return num_processes * NUM_ROUNDS * len(images) / (max(ends) - min(starts))


def _run_in_process(
    file: dict[str, Any], num_threads: int, images: np.ndarray, barrier: Any, results: Any
) -> None:
    network = load(file, num_threads)
    run_batches(network, images, file["batch"])
    barrier.wait()
    start = time.monotonic()  # one clock for all processes
    for _ in range(NUM_ROUNDS):
        run_batches(network, images, file["batch"])
    results.put((start, time.monotonic()))


def print_table(title: str, rows: list[dict[str, Any]]) -> None:
    """Print rows of equal keys."""
    table = Table(*rows[0], title=title.replace("_", " "))
    for row in rows:
        digits = {"cosine": 5, "size_mb": 1, "export_seconds": 1}
        table.add_row(
            *(f"{v:.{digits.get(k, 0)}f}" if isinstance(v, float) else str(v) for k, v in row.items())
        )
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
