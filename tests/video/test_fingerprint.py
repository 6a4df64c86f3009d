import hashlib

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sora.video.fingerprint import fingerprint, from_hex, mirrored, to_hex


def scene(seed: int, count: int = 12) -> np.ndarray:
    """float32 (N, 32, 32): a background and a bright spot that jumps about."""
    rng = np.random.default_rng(seed)
    background = 120 + 60 * cv2.resize(rng.normal(size=(7, 7)).astype(np.float32), (32, 32))
    pictures = []
    for place in rng.integers(4, 28, (count, 2)).tolist():
        picture = background.copy()
        cv2.circle(picture, place, 3, 230, -1)
        pictures.append(np.clip(picture, 0, 255))
    return np.array(pictures, np.float32)


def bits(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.bitwise_count(a ^ b).mean())


@given(st.integers(0, 50))
def test_the_hash_of_the_mirror_image_is_the_mirrored_hash(seed: int):
    pictures = scene(seed)
    straight, flipped = fingerprint(pictures, 0.25), fingerprint(pictures[:, :, ::-1], 0.25)
    assert bits(mirrored(straight.pictures), flipped.pictures) < 0.2  # a frequency may be nearly zero
    assert bits(mirrored(straight.motions), flipped.motions) < 0.5
    assert bits(straight.pictures, flipped.pictures) > 5
    assert np.array_equal(mirrored(mirrored(straight.pictures)), straight.pictures)


def test_light_and_noise_hardly_change_it_another_scene_does():
    pictures = scene(1)
    noise = np.random.default_rng(0).normal(0, 1, pictures.shape)
    one, same, other = (fingerprint(p, 0.25) for p in (pictures, 0.9 * pictures + 9 + noise, scene(2)))
    assert bits(one.pictures, same.pictures) < 2
    assert bits(one.motions, same.motions) < 6
    assert bits(one.pictures, other.pictures) > 15
    assert bits(one.motions, other.motions) > 15


def test_motion_tells_apart_what_pictures_do_not():
    takes = scene(3, 24)
    first, second = fingerprint(takes[:12], 0.25), fingerprint(takes[12:], 0.25)
    assert bits(first.pictures, second.pictures) < 16
    assert bits(first.motions, second.motions) > 20


def test_what_is_flat_has_no_hash():
    black = fingerprint(np.full((5, 32, 32), 3, np.float32), 0.5)
    assert black.pictures.tolist() == black.motions.tolist() == [0] * 5
    still = fingerprint(np.repeat(scene(0, 1), 5, axis=0), 0.5)
    assert still.motions.tolist() == [0] * 5
    assert (still.pictures > 0).all()
    assert mirrored(black.pictures).tolist() == [0] * 5
    assert fingerprint(np.zeros((0, 32, 32), np.float32), 0.5).pictures.size == 0


@given(st.lists(st.integers(0, 2**64 - 1), max_size=40))
def test_hexadecimal_digits_there_and_back(values: list[int]):
    hashes = np.array(values, np.uint64)
    assert np.array_equal(from_hex(to_hex(hashes)), hashes)
    assert to_hex(hashes) == "".join(f"{value:016x}" for value in values)


def test_a_cut_text_is_refused():
    with pytest.raises(ValueError, match="16 hexadecimal digits"):
        from_hex("abc")


def test_output_is_pinned():
    coarse = np.random.default_rng(7).integers(0, 256, (6, 8, 8))
    pictures = np.kron(coarse, np.ones((1, 4, 4), int))
    found = fingerprint(pictures, 0.25)
    text = to_hex(found.pictures) + to_hex(found.motions)
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    assert digest == "8ca482138c035feb", "changed output: raise probe.VERSION and the digest"
