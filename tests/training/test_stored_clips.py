import numpy as np
import pytest

from sora.errors import SoraError
from sora.frames.augmentation import AugmentSpec
from sora.training.stored_clips import ClipShape, StoredClips
from sora.video.write import write_clip

NOTHING = AugmentSpec(0.0, False, [], 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
BRIGHT = AugmentSpec(0.0, False, [], 0.0, 0.0, 0.2, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


@pytest.fixture
def path(tmp_path):
    frames = np.repeat(np.arange(8, dtype=np.uint8) * 20, 32 * 32 * 3).reshape(8, 32, 32, 3)
    write_clip(tmp_path / "clip.mkv", frames)
    return tmp_path / "clip.mkv"


def stored(path, augment, **options):
    return StoredClips([path], ["key"], [True], ClipShape(4, 2, 2, 16), augment, 0, **options)


def test_evenly_spread_moments_are_kept_and_scaled(path):
    clip = stored(path, NOTHING)(0, 0)
    assert clip.shape == (2, 16, 16, 3)
    assert clip.dtype == np.uint8
    assert clip.mean(axis=(1, 2, 3)).tolist() == [40, 120]  # the first frames of moments 1 and 3 of 0..3


def test_a_view_is_the_same_each_time_and_unlike_the_others(path):
    clips = stored(path, BRIGHT)
    views = [clips(0, view) for view in range(3)]
    np.testing.assert_array_equal(views[1], stored(path, BRIGHT)(0, 1))
    assert len({view.mean() for view in views}) == 3
    np.testing.assert_array_equal(views[1][1].astype(int) - views[1][0], 80)  # one change for all frames


def test_beyond_the_cache_clips_are_read_again(path):
    cached, read_again = stored(path, NOTHING), stored(path, NOTHING, cache_bytes=1)
    first = [clips(0, 0) for clips in (cached, read_again)]
    path.unlink()
    np.testing.assert_array_equal(cached(0, 0), first[0])
    with pytest.raises((SoraError, FileNotFoundError)):
        read_again(0, 0)


def test_more_moments_than_there_are_cannot_be_kept():
    with pytest.raises(SoraError, match="num_frames: expected 1 to 4, got 5"):
        ClipShape(4, 2, 5, 16)
