import keras
import numpy as np
import pytest
from bundles import SPEC, tiny_backbone, tiny_head

from sora.compression.answers import Asked, candidate_answers
from sora.compression.building import build_candidates
from sora.compression.costs import measure_costs
from sora.compression.onnx_quantization import takes_whole_clips
from sora.compression.variants import grid
from sora.frames.inputs import NetworkInput, network_input
from sora.networks.clip_layers import FrameDifferences
from sora.networks.onnx_export import export_onnx
from sora.runtimes import load_backbone, load_head, segment_features
from sora.video.write import write_clip

RNG = np.random.default_rng(0)
CLIP = RNG.integers(0, 256, (SPEC.clip.num_frames, 64, 64, 3), np.uint8)
VARIANTS = grid(["litert", "onnx"], ["float16", "dynamic", "int8"], [0], [0])


@pytest.fixture(scope="module")
def candidates(tmp_path_factory):
    images = network_input(CLIP, SPEC).images.reshape(-1, 1, 64, 64, 3)
    folder, head = tmp_path_factory.mktemp("candidates"), tiny_head()
    return build_candidates(folder, tiny_backbone(), head, head, variants=VARIANTS, samples=list(images))


def test_the_reference_is_the_network_that_train_exported(candidates, tmp_path):
    export_onnx(tiny_backbone(), tmp_path / "network.onnx")
    assert candidates[0].backbone.read_bytes() == (tmp_path / "network.onnx").read_bytes()


def test_every_candidate_answers_as_it_does_when_served(candidates, tmp_path):
    clip = tmp_path / "clip.mkv"
    write_clip(clip, CLIP)
    asked = Asked(tuple((str(c.backbone), str(c.head)) for c in candidates), SPEC)
    answers = candidate_answers((str(clip), asked))
    given = network_input(CLIP, SPEC)
    for answer, candidate in zip(answers, candidates, strict=True):
        features = segment_features(given, load_backbone(candidate.backbone))
        np.testing.assert_array_equal(answer, load_head(candidate.head)(features)[0])
    np.testing.assert_allclose(answers, np.tile(answers[:1], (len(answers), 1)), atol=0.05)
    assert len(np.unique(answers, axis=0)) >= 4


def test_every_candidate_has_a_cost(candidates):
    costs = measure_costs(candidates, network_input(CLIP, SPEC), 3, whole_clips=False)
    rows = [found.row() for found in costs]
    for row in rows:
        assert 0 < row["latency_ms_median"] <= row["latency_ms_p95"]
        assert set(row) >= {"batch_1_ms_median", "batch_1_ms_p95", "batch_8_ms_median", "batch_8_ms_p95"}
        assert 10 * 2**20 < row["peak_memory_bytes"] < 2**30  # not what this process holds


def test_a_backbone_of_whole_clips_is_tried_on_whole_clips(tmp_path):
    images = keras.Input((8, 8, 3), name="images")
    maps = keras.layers.Conv2D(8, 3, padding="same", name="convolution")(FrameDifferences(4)(images))
    features = keras.layers.GlobalAveragePooling2D(name="features")(maps)
    sequence = keras.Input((4, 8), name="features")
    mean = keras.layers.GlobalAveragePooling1D()(sequence)
    head = keras.Model(sequence, [keras.layers.Softmax()(mean), mean])
    clips = RNG.normal(size=(3, 4, 8, 8, 3)).astype(np.float32)

    built = build_candidates(
        tmp_path, keras.Model(images, features), head, head, variants=VARIANTS, samples=list(clips)
    )

    assert all(takes_whole_clips(c.backbone) for c in built if c.backbone.suffix == ".onnx")
    given = NetworkInput(clips[:1], np.zeros((4, 0), np.float32))
    found = [load_head(c.head)(segment_features(given, load_backbone(c.backbone)))[0] for c in built]
    np.testing.assert_allclose(found, np.tile(found[:1], (len(found), 1)), atol=0.05)
    costs = measure_costs(built[:2], given, 3, whole_clips=True)
    assert "batch_1_ms_median" not in costs[0].row()
