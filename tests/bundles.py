"""A tiny bundle with random weights, and clips to run it on, for every test that needs one."""

from pathlib import Path

import av
import keras
import numpy as np
from clip_specs import clip_spec, input_spec
from keras import layers

from sora.bundle import Bundle, write_bundle
from sora.compression.quantization import to_litert
from sora.networks.onnx_export import export_onnx

LABELS = ("jumping", "running", "waving")
SPEC = input_spec(
    clip_spec(frame_interval_seconds=0.1, selection={"min_brightness": 0.05, "max_brightness": 0.95}),
    streams="rgb crop",
)
NUM_BACKBONE_FEATURES, NUM_FEATURES, EMBEDDING_SIZE = 8, 2 * 8 + 32, 5


def tiny_backbone() -> keras.Model:
    keras.utils.set_random_seed(0)
    images = keras.Input((64, 64, 3), name="images")
    maps = layers.Conv2D(NUM_BACKBONE_FEATURES, 5, strides=4, padding="same", name="convolution")(images)
    maps = layers.ReLU(6.0, name="bounded")(maps)
    return keras.Model(images, layers.GlobalAveragePooling2D(name="features")(maps), name="tiny")


def tiny_head(*, several_labels: bool = False) -> keras.Model:
    keras.utils.set_random_seed(1)
    features = keras.Input((SPEC.clip.num_segments, NUM_FEATURES), name="features")
    activation = "sigmoid" if several_labels else "softmax"
    pooled = layers.GlobalAveragePooling1D()(features)
    embedding = layers.Dense(EMBEDDING_SIZE, name="embedding")(pooled)
    probabilities = layers.Dense(len(LABELS), activation=activation, name="probabilities")(embedding)
    return keras.Model(features, [probabilities, embedding], name="tiny_head")


def tiny_bundle(folder: Path, *, backbone: str = "onnx", several_labels: bool = False) -> Bundle:
    """Write a bundle into ``folder``; its networks are built beside it. ``backbone``: onnx or tflite."""
    networks = folder.parent / f"{folder.name}-networks"
    networks.mkdir(parents=True)
    edge_path, head_path = networks / "tiny.tflite", networks / "head.tflite"
    edge_path.write_bytes(to_litert(tiny_backbone(), "float32"))
    if backbone == "onnx":
        export_onnx(tiny_backbone(), networks / "tiny.onnx")
    head_path.write_bytes(to_litert(tiny_head(several_labels=several_labels), "float32"))
    return write_bundle(
        folder,
        backbone=networks / f"tiny.{backbone}",
        head=head_path,
        edge_backbone=edge_path,
        edge_head=head_path,
        spec=SPEC,
        labels=LABELS,
        several_labels=several_labels,
        variant="float32",
        edge_variant="float32",
        lineage={"sora": "0.1.0", "videos": "0" * 64},
    )


def write_video(path: Path, *, num_frames: int = 20, brightness: int = 128, seed: int = 0) -> Path:
    """Write moving noise, 96 x 64 at 10 frames per second, MPEG-4 in the suffix's container."""
    rng = np.random.default_rng(seed)
    texture = rng.integers(-brightness // 2, brightness // 2 + 1, (64, 96, 3))
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        for index in range(num_frames):
            pixels = np.clip(brightness + np.roll(texture, 2 * index, axis=1), 0, 255).astype(np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, "rgb24")))
        container.mux(stream.encode())
    return path
