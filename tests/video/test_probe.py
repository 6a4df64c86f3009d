import csv
from pathlib import Path

import cv2
import numpy as np
import pytest
from coded_clips import coded_picture, read_index, write_coded, write_pictures, write_sound

from sora.video.probe import VideoFacts, perceptual_hash, probe, probe_with_thumbnail

ODD = Path(__file__).parents[3] / "shared/datasets/odd"
ODD_ROWS = list(csv.DictReader((ODD / "facts.csv").open())) if (ODD / "facts.csv").is_file() else []


def test_facts_of_a_plain_clip(tmp_path: Path):
    path = write_coded(tmp_path / "a.mp4", 50, size=(130, 66), audio=True)
    facts = probe(path)
    assert facts.error == ""
    assert (facts.num_frames_declared, facts.num_frames_decoded, facts.num_frames_recoverable) == (50, 50, 50)
    assert (facts.width, facts.height, facts.rotation) == (130, 66, 0)
    assert (facts.fps, facts.duration_seconds, facts.video_codec) == (25.0, 2.0, "h264")
    assert (facts.has_audio, facts.is_variable_rate, facts.decoded_share) == (True, False, 1.0)
    assert (facts.black_share, facts.overexposed_share) == (0.0, 0.0)
    assert not probe(write_coded(tmp_path / "b.mp4", 3)).has_audio


def test_shares_of_black_white_and_frozen_frames(tmp_path: Path):
    black, white = (np.full((64, 128, 3), level, np.uint8) for level in (0, 255))
    pictures = [black] * 4 + [white] * 2 + [coded_picture(i) for i in (1, 2, 3, 4, 5)]
    facts = probe(write_pictures(tmp_path / "a.avi", pictures, "mjpeg", pix_fmt="yuvj420p"))
    assert facts.num_frames_decoded == 11
    assert facts.black_share == round(4 / 11, 4)
    assert facts.overexposed_share == round(2 / 11, 4)
    assert facts.frozen_share == 0.4  # 3 of the first four, 1 of the white ones, of ten steps
    expected = np.mean([p.mean() for p in pictures]) / 255
    assert facts.mean_brightness == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize("rotation", [90, -90, 180])
def test_size_and_thumbnail_are_upright(tmp_path: Path, rotation: int):
    turns = -rotation // 90
    stored = [np.ascontiguousarray(np.rot90(coded_picture(i + 1), turns)) for i in range(9)]
    path = write_pictures(tmp_path / "a.mp4", stored, rotation=rotation)
    facts, thumbnail = probe_with_thumbnail(path)
    assert (facts.width, facts.height, abs(facts.rotation)) == (128, 64, abs(rotation))
    picture = cv2.imdecode(np.frombuffer(thumbnail, np.uint8), cv2.IMREAD_COLOR)
    assert picture.shape[1] == 2 * picture.shape[0]
    assert read_index(picture) == 8  # frame 8 of 9 is the last power of two


def test_variable_rate_is_seen(tmp_path: Path):
    times = [0, 40, 80, 500, 540, 900, 1000, 2000]
    assert probe(write_coded(tmp_path / "a.mkv", 8, times_ms=times)).is_variable_rate
    rounded = [0, 33, 67, 100, 133, 167, 200, 233]
    assert not probe(write_coded(tmp_path / "b.mkv", 8, times_ms=rounded)).is_variable_rate


def test_a_truncated_avi_is_known_by_its_share(tmp_path: Path):
    path = write_coded(tmp_path / "a.avi", 60, "mjpeg", pix_fmt="yuvj420p")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    facts = probe(path)
    assert facts.num_frames_declared == 60
    assert 15 < facts.num_frames_decoded < 40
    assert 0.2 < facts.decoded_share < 0.9
    assert facts.error.startswith(f"breaks after frame {facts.num_frames_decoded}: ")


def test_bad_files_have_an_error_and_nothing_else(tmp_path: Path):
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "text.mp4").write_text("#EXTM3U\n#EXTINF:2,\n/etc/passwd\n")
    write_sound(tmp_path / "sound.mp4")
    for name in ("empty.mp4", "text.mp4", "sound.mp4", "none.mp4"):
        facts, thumbnail = probe_with_thumbnail(tmp_path / name)
        assert facts.error
        assert (facts, thumbnail) == (VideoFacts(error=facts.error), b"")


def test_the_perceptual_hash_ignores_brightness_but_not_content():
    noise = np.random.default_rng(0).normal(size=(32, 32))
    picture = cv2.GaussianBlur(noise, (9, 9), 0) * 200 + 100
    assert perceptual_hash(picture) == perceptual_hash(picture * 0.8 + 10)
    distance = (int(perceptual_hash(picture), 16) ^ int(perceptual_hash(picture[:, ::-1]), 16)).bit_count()
    assert distance > 16


@pytest.mark.parametrize("row", ODD_ROWS or [{"file": "absent"}], ids=lambda row: row["file"])
def test_facts_of_real_odd_files(shared: Path, row: dict[str, str]):
    facts = probe(shared / "odd" / row["file"])
    assert facts.num_frames_decoded == int(row["pyav_decoded_frames"] or 0)
    if not row["width"]:
        assert facts.error
        return
    turned = int(row["rotation"]) % 180 != 0
    size = (int(row["width"]), int(row["height"]))
    assert (facts.width, facts.height) == (size[::-1] if turned else size)
    assert facts.is_variable_rate == bool(int(row["vfr"]))
    assert abs(facts.rotation) == abs(int(row["rotation"]))
    assert facts.has_audio == (row["audio_streams"] not in ("", "0"))
    assert bool(facts.error) == (row["file"] == "decord_corrupted.mp4")
