import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from bundles import LABELS, SPEC, tiny_bundle, write_video
from coded_clips import damage_packet, write_coded, write_pictures

from sora.apps.analysis.analyse import Rule, analyse
from sora.apps.analysis.cache import cached_analysis, from_bytes, to_bytes
from sora.apps.analysis.models import Models
from sora.apps.analysis.objects import ObjectClassifier, object_columns, read_classifier, write_classifier
from sora.errors import SoraError, VideoError
from sora.predictor import Predictor

RULE = Rule(window_seconds=1.0)
NO_CUTS = Rule(shot_threshold=255.0)  # noise and codes flicker as no film does


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    predictor = Predictor(tiny_bundle(tmp_path_factory.mktemp("bundle") / "sora").folder)
    yield Models(predictor, "no objects here", "no safety here")
    predictor.guard.close()


def scenes(path: Path, *, dark: int = 0) -> Path:
    """Write four shots of 1.2 s at 25 frames per second, of moving noise in different colours."""
    rng = np.random.default_rng(0)
    pictures = []
    for colour in [(220, 60, 60), (40, 90, 40), (120, 120, 230), (90, 60, 20)]:
        texture = rng.integers(-20, 21, (64, 96, 3))
        pictures += [np.uint8(np.clip(np.array(colour) + np.roll(texture, i, 1), 0, 255)) for i in range(30)]
    pictures += [np.zeros((64, 96, 3), np.uint8)] * dark
    return write_pictures(path, pictures)


def test_windows_lie_between_the_cuts_and_agree_with_the_predictor(models, tmp_path):
    video = scenes(tmp_path / "clip.mp4")
    found = analyse(video, models, RULE)
    np.testing.assert_allclose(found.cuts_seconds, [1.18, 2.38, 3.58], atol=0.001)
    assert found.num_shots == 4
    assert found.windows.shots.tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    np.testing.assert_allclose(found.windows.ends[1::2], [1.18, 2.38, 3.58, 4.8], atol=0.001)
    np.testing.assert_allclose(found.windows.probabilities.sum(axis=1), 1, atol=1e-5)
    assert (found.windows.starts < found.windows.keys).all()
    assert (found.windows.keys < found.windows.ends).all()
    assert (found.facts.width, found.facts.height, found.facts.fps, found.facts.has_audio) == (
        96,
        64,
        25,
        False,
    )
    assert found.facts.duration_seconds == pytest.approx(4.8)
    assert (found.no_objects, found.no_looks, found.gaps) == ("no objects here", "no safety here", ())


def test_one_window_is_what_the_predictor_says_of_the_video(models, tmp_path):
    video = write_video(tmp_path / "clip.avi")
    found, expected = analyse(video, models, NO_CUTS), models.predictor.predict(video)
    assert dict(zip(LABELS, found.windows.probabilities[0].tolist(), strict=True)) == expected.probabilities
    np.testing.assert_array_equal(found.windows.embeddings[0], expected.embedding)


def test_a_dark_part_is_a_gap_and_a_dark_video_an_error(models, tmp_path):
    found = analyse(scenes(tmp_path / "clip.mp4", dark=30), models, RULE)
    assert {"brightness" in gap.reason for gap in found.gaps} == {True}
    assert sum(gap.end_seconds - gap.start_seconds for gap in found.gaps) == pytest.approx(1.2, abs=0.05)
    assert len(found.windows) == 8
    with pytest.raises(VideoError, match="brightness"):
        analyse(write_video(tmp_path / "black.mp4", brightness=0), models)


def test_what_lies_behind_damage_is_a_gap(models, tmp_path):
    video = write_coded(tmp_path / "clip.mkv", 100, options={"g": "1"})
    for place in range(50, 100):
        damage_packet(video, place)
    found = analyse(video, models, replace(NO_CUTS, window_seconds=1.0))
    assert found.windows.ends.tolist() == [1, 2]
    assert [gap.start_seconds for gap in found.gaps] == [2, 3]
    assert found.gaps[-1].end_seconds == pytest.approx(4.0)


@pytest.mark.parametrize(
    ("content", "reason"), [(b"", "is empty"), (b"no video", "not a readable"), (None, "no such")]
)
def test_what_is_no_video_is_one_clear_error(models, tmp_path, content, reason):
    path = tmp_path / "file.mp4"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(VideoError, match=reason):
        cached_analysis(path, models, tmp_path / "cache")


def test_an_analysis_is_kept_and_a_damaged_entry_made_anew(models, tmp_path, monkeypatch):
    video, folder = write_video(tmp_path / "clip.avi"), tmp_path / "cache"
    first = cached_analysis(video, models, folder)
    (entry,) = folder.iterdir()
    (tmp_path / "copy.avi").write_bytes(video.read_bytes())
    monkeypatch.setattr("sora.apps.analysis.cache.analyse", None)  # nothing is looked at again
    again = cached_analysis(tmp_path / "copy.avi", models, folder)
    assert to_bytes(again) == to_bytes(first) == entry.read_bytes()
    monkeypatch.undo()
    entry.write_bytes(entry.read_bytes()[:100])
    assert to_bytes(cached_analysis(video, models, folder)) == to_bytes(first)
    cached_analysis(video, models, folder, RULE)
    assert len(list(folder.iterdir())) == 2


def test_what_is_no_analysis_is_refused():
    with pytest.raises(SoraError, match="expected an analysis"):
        from_bytes(b"nonsense")


def test_objects_come_from_the_features_of_the_plain_stream(tmp_path):
    lite = replace(SPEC, backbone="efficientnet_lite0", backbone_blocks=["max", "mean"])
    assert object_columns(lite) == slice(1280, 2560)
    with pytest.raises(SoraError, match=r"only with the backbones efficientnet_lite0.* this is any"):
        object_columns(SPEC)
    with pytest.raises(SoraError, match="stream rgb and the block mean"):
        object_columns(replace(lite, backbone_blocks=["max"]))
    classifier = ObjectClassifier(
        np.eye(3, dtype=np.float32) * 5, np.zeros(3, np.float32), ("a", "b", "c"), "00"
    )
    scores = classifier.scores(np.float32([[1, 0, 0], [0, 1, 0]]))
    high, low = np.exp(5) / (np.exp(5) + 2), 1 / (np.exp(5) + 2)
    np.testing.assert_allclose(scores, [(high + low) / 2, (high + low) / 2, low], rtol=1e-5)


def test_a_classifier_of_another_bundle_or_with_a_changed_byte_is_refused(models, tmp_path):
    bundle, path = models.predictor.bundle, tmp_path / "objects.npz"
    record = json.loads((bundle.folder / "bundle.json").read_text())
    digest = record["content"]["files"]["backbone"]["sha256"]
    good = ObjectClassifier(np.ones((2, 3), np.float32), np.zeros(3, np.float32), ("a", "b", "c"), digest)
    write_classifier(path, good)
    assert read_classifier(path, bundle).names == ("a", "b", "c")
    write_classifier(path, replace(good, backbone_sha256="00"))
    with pytest.raises(SoraError, match="for the backbone of another bundle"):
        read_classifier(path, bundle)
    data = bytearray(path.read_bytes())
    data[len(data) // 8] ^= 1
    path.write_bytes(data)
    with pytest.raises(SoraError, match=r"is no classifier|checksum"):
        read_classifier(path, bundle)
    with pytest.raises(SoraError, match=r"is not here; sora\.apps\.analysis\.object_export writes it"):
        read_classifier(tmp_path / "none.npz", bundle)


def test_cuts_at_the_seams_of_the_search_are_found_once(models, tmp_path):
    from sora.apps.analysis.reading import cuts_between
    from sora.video.cuts import Shots

    video, rule = scenes(tmp_path / "clip.mp4"), Shots(0.6, 27.0)
    for seam in (1.18, 1.2, 1.16, 2.0):
        halves = [*cuts_between(video, rule, 0, seam), *cuts_between(video, rule, seam, 4.8)]
        np.testing.assert_allclose(halves, [1.18, 2.38, 3.58], atol=0.001)
