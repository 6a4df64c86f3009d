import csv
from pathlib import Path

import cv2
import numpy as np
import pytest
from coded_clips import coded_picture, read_index, write_coded, write_pictures, write_sound

from sora.video.fingerprint import from_hex, mirrored
from sora.video.probe import VideoFacts, probe, probe_with_thumbnail
from sora.video.tally import perceptual_hash

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
    assert facts.dark_share >= facts.black_share
    assert facts.frozen_share == 0.4  # 3 of the first four, 1 of the white ones, of ten steps
    assert facts.longest_frozen_seconds == 3 / 25
    expected = np.mean([p.mean() for p in pictures]) / 255
    assert facts.mean_brightness == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize("rotation", [90, -90, 180])
def test_size_and_thumbnail_are_upright(tmp_path: Path, rotation: int):
    turns = -rotation // 90
    stored = [np.ascontiguousarray(np.rot90(coded_picture(i + 1), turns)) for i in range(30)]
    path = write_pictures(tmp_path / "a.mp4", stored, rotation=rotation)
    facts, strip = probe_with_thumbnail(path)
    assert (facts.width, facts.height, abs(facts.rotation)) == (128, 64, abs(rotation))
    pixels = cv2.imdecode(np.frombuffer(strip, np.uint8), cv2.IMREAD_COLOR)
    assert pixels.shape == (120, 8 * 160, 3)
    shown = [read_index(pixels[20:100, start : start + 160]) for start in range(0, 8 * 160, 160)]
    assert shown == [1, 5, 9, 13, 17, 21, 25, 29]


def test_mean_motion_and_the_longest_freeze(tmp_path: Path):
    black, grey = (np.full((64, 128, 3), level, np.uint8) for level in (0, 102))
    pictures = [black, grey, black, grey, grey, grey, grey, black, black, black, grey]
    facts = probe(write_pictures(tmp_path / "a.avi", pictures, "mjpeg", pix_fmt="yuvj420p"))
    assert facts.mean_motion == pytest.approx(0.4 * 5 / 10, abs=0.01)
    assert facts.longest_frozen_seconds == 3 / 25
    times = [0, 40, 80, 3000, 3040]
    still = [coded_picture(i) for i in (1, 2, 2, 2, 3)]
    held = probe(write_pictures(tmp_path / "b.mkv", still, options={"crf": "1"}, times_ms=times))
    assert held.longest_frozen_seconds == pytest.approx(2.96)  # by timestamps


def test_dark_and_blurred_shares(tmp_path: Path):
    sharp = [coded_picture(i) for i in range(1, 9)]
    soft = [cv2.GaussianBlur(picture, (0, 0), 4) for picture in sharp]
    dark = [(picture * 0.2).astype(np.uint8) for picture in sharp]
    facts = probe(write_pictures(tmp_path / "a.mp4", sharp + soft, options={"crf": "10"}))
    assert (facts.blurred_share, facts.dark_share) == (0.5, 0.0)
    assert probe(write_pictures(tmp_path / "b.mp4", dark + sharp)).dark_share == 0.5


def test_hashes_over_time_survive_encoding_and_mirroring(tmp_path: Path):
    rng = np.random.default_rng(5)
    base = cv2.resize(rng.integers(0, 256, (5, 8, 3), np.uint8), (192, 96), interpolation=cv2.INTER_LINEAR)
    pictures = [np.ascontiguousarray(np.roll(base, 3 * i, axis=1)) for i in range(100)]
    small = [cv2.resize(picture[:, ::-1], (128, 64), interpolation=cv2.INTER_AREA) for picture in pictures]
    one = probe(write_pictures(tmp_path / "a.mp4", pictures))
    other = probe(write_pictures(tmp_path / "b.mp4", small, options={"crf": "30"}))
    assert one.hash_step_seconds == other.hash_step_seconds == 0.125
    for ours, theirs in (
        (one.picture_hashes, other.picture_hashes),
        (one.motion_hashes, other.motion_hashes),
    ):
        assert len(ours) == 16 * 32  # 4 s
        assert np.bitwise_count(mirrored(from_hex(ours)) ^ from_hex(theirs)).mean() < 10


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
