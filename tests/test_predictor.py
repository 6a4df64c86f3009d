import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from bundles import LABELS, SPEC, tiny_backbone, tiny_bundle, tiny_head, write_video
from coded_clips import damage_packet, write_coded
from video_jobs import read_or_crash

from sora.bundle import Bundle
from sora.compression.quantization import to_litert
from sora.errors import SoraError, VideoError
from sora.frames.inputs import choose_frames, clean_clip, network_input
from sora.guard import Budget
from sora.predictor import Predictor, prediction_id
from sora.runtimes import load_backbone, load_head
from sora.video.pictures import square
from sora.video.read import read_frames


@pytest.fixture(scope="module")
def bundle(tmp_path_factory) -> Bundle:
    return tiny_bundle(tmp_path_factory.mktemp("bundle") / "sora")


@pytest.fixture(scope="module")
def predictor(bundle) -> Predictor:
    return Predictor(bundle.folder)


def test_predicts_what_keras_gives_for_the_same_frames(predictor, tmp_path):
    video = write_video(tmp_path / "clip.avi")
    frames = read_frames(video, lambda times: choose_frames(times, SPEC.clip), square(64))
    inputs = network_input(clean_clip(frames.pixels, SPEC.clip), SPEC)
    blocks = [np.asarray(tiny_backbone()(images)) for images in inputs.images]
    probabilities, embedding = tiny_head()(np.concatenate([*blocks, inputs.descriptors], axis=1)[None])

    prediction = predictor.predict(video)

    np.testing.assert_allclose(list(prediction.probabilities.values()), probabilities[0], atol=1e-5)
    np.testing.assert_allclose(prediction.embedding, embedding[0], atol=1e-5)
    assert tuple(prediction.probabilities) == LABELS
    assert prediction.label == LABELS[int(np.argmax(probabilities))]
    assert prediction.labels == (prediction.label,)
    assert set(predictor.answer(video)) == {"label", "probabilities"}
    assert prediction.embedding.dtype == np.float32
    assert prediction.warning == ""


def test_both_kinds_of_backbone_give_the_same_features(predictor, tmp_path):
    path = tmp_path / "tiny.tflite"
    path.write_bytes(to_litert(tiny_backbone(), "float32"))
    images = np.random.default_rng(0).normal(size=(4, 64, 64, 3)).astype(np.float32)
    one, other = load_backbone(path)(images), load_backbone(predictor.bundle.backbone)(images)
    assert one.shape == (4, 8)
    np.testing.assert_allclose(one, other, atol=1e-5)


def test_a_network_of_one_output_is_no_head(tmp_path):
    path = tmp_path / "backbone.tflite"
    path.write_bytes(to_litert(tiny_backbone(), "float32"))
    with pytest.raises(SoraError, match="probabilities and embedding; this has 1 and 1"):
        load_head(path)


def test_a_video_of_several_labels_has_all_that_are_probable(tmp_path):
    own = Predictor(tiny_bundle(tmp_path / "sora", several_labels=True).folder)
    for seed in range(4):
        video = write_video(tmp_path / f"{seed}.avi", seed=seed)
        found, answer = own.predict(video), own.answer(video)
        best = max(found.probabilities, key=found.probabilities.__getitem__)
        probable = [label for label, value in found.probabilities.items() if value >= 0.5]
        assert sum(found.probabilities.values()) != pytest.approx(1)
        assert found.label == best
        assert list(found.labels) == (probable or [best])
        assert answer == {
            "label": best,
            "labels": list(found.labels),
            "probabilities": found.probabilities,
        }


def test_threads_share_a_predictor(predictor, tmp_path):
    videos = [write_video(tmp_path / f"{seed}.mkv", seed=seed) for seed in range(4)] * 3
    alone = [predictor.predict(video).probabilities for video in videos]
    with ThreadPoolExecutor(6) as executor:
        together = [prediction.probabilities for prediction in executor.map(predictor.predict, videos)]
    assert together == alone
    assert len({values["waving"] for values in alone}) == 4


def test_a_video_that_breaks_off_is_predicted_with_a_warning(predictor, tmp_path):
    video = write_coded(tmp_path / "clip.mkv", 30, options={"g": "1"})
    for place in range(12, 30):
        damage_packet(video, place)
    prediction = predictor.predict(video)
    assert prediction.warning.startswith("breaks after frame 12: ")
    assert sum(prediction.probabilities.values()) == pytest.approx(1)


def test_a_decoder_that_dies_costs_one_video(bundle, tmp_path, monkeypatch):
    good, bad = write_video(tmp_path / "good.avi"), tmp_path / "bad.avi"
    own = Predictor(bundle.folder, Budget(seconds=3, memory_gib=2))
    monkeypatch.setattr("sora.predictor.read_clean_clip", read_or_crash)
    with pytest.raises(VideoError, match=r"^crashed the decoder \(exit code 3\)$"):
        own.predict(bad)
    with pytest.raises(VideoError, match=r"^took longer than 3 s to read$"):
        own.predict(tmp_path / "hang.avi")
    assert own.predict(good).label in LABELS


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"", "is empty"), (b"no video at all", "not a readable video"), (None, "no such")],
)
def test_what_is_no_video_is_a_video_error_of_one_line(predictor, tmp_path, content, reason):
    path = tmp_path / "file.mp4"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(VideoError, match=reason) as caught:
        predictor.predict(path)
    assert "\n" not in str(caught.value)


def test_a_black_video_is_a_video_error(predictor, tmp_path):
    with pytest.raises(VideoError, match="brightness"):
        predictor.predict(write_video(tmp_path / "black.mp4", brightness=0))


def test_prediction_imports_neither_keras_nor_tensorflow(bundle, tmp_path):
    video = write_video(tmp_path / "clip.mp4")
    code = (
        "import sys; from pathlib import Path; from sora.predictor import Predictor; "
        "print(Predictor(Path(sys.argv[1])).predict(Path(sys.argv[2])).label); "
        "print(sorted({'keras', 'tensorflow', 'bentoml'} & set(sys.modules)))"
    )
    command = [sys.executable, "-c", code, str(bundle.folder), str(video)]
    finished = subprocess.run(command, capture_output=True, text=True, check=True)
    label, imported = finished.stdout.splitlines()
    assert label in LABELS
    assert imported == "[]"


def test_a_prediction_is_named_by_the_file_and_the_model():
    assert prediction_id("0123456789abcdef" * 4, "fedcba9876543210") == "0123456789abcdef-fedcba9876543210"


def test_no_bundle_says_what_to_do(tmp_path):
    with pytest.raises(SoraError, match="there is no model bundle here; run the pipeline"):
        Predictor(tmp_path)


def test_a_network_that_does_not_load_is_one_line(tmp_path):
    for name in ("broken.onnx", "broken.tflite"):
        path = tmp_path / name
        path.write_bytes(b"no network")
        with pytest.raises(SoraError, match=name) as caught:
            load_backbone(path)
        assert "\n" not in str(caught.value)
