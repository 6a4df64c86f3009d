import hashlib
from pathlib import Path

import numpy as np
import pytest

from sora.errors import VideoError
from sora.video import write
from sora.video.write import read_clip, write_clip

NOISE = np.random.default_rng(0).integers(0, 256, (6, 66, 98, 3), np.uint8)
GOLDEN = (1, "23201de7a62bd8a1")


def test_round_trip_is_lossless(tmp_path: Path):
    write_clip(tmp_path / "a.mkv", NOISE)
    np.testing.assert_array_equal(read_clip(tmp_path / "a.mkv", len(NOISE)), NOISE)


def test_equal_pixels_give_equal_bytes_and_other_pixels_do_not(tmp_path: Path):
    other = NOISE.copy()
    other[3, 5, 5, 1] ^= 1
    for name, pixels in (("a", NOISE), ("b", NOISE.copy()), ("c", other)):
        write_clip(tmp_path / f"{name}.mkv", pixels)
    first, second, third = ((tmp_path / f"{name}.mkv").read_bytes() for name in "abc")
    assert first == second != third
    digest = hashlib.sha256(first).hexdigest()[:16]
    assert (write.VERSION, digest) == GOLDEN, "changed output: raise VERSION and the digest"


@pytest.mark.parametrize("share", [0.02, 0.5, 0.9])
def test_a_damaged_clip_is_an_error_not_a_shorter_clip(tmp_path: Path, share: float):
    path = tmp_path / "a.mkv"
    write_clip(path, NOISE)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    with pytest.raises(VideoError):
        read_clip(path, len(NOISE))
