"""The whole training on three tiny videos, and what becomes of its network."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from coded_clips import write_pictures
from typer.testing import CliRunner

from sora import layout
from sora.cli import app
from sora.enhance.enlarging import enlarge
from sora.enhance.judgement import load_own_enlarger
from sora.enhance.own import UNIT, OwnEnlarger, apart, lanczos, together
from sora.errors import SoraError
from sora.upscaler import train
from sora.upscaler.judging import psnr
from sora.upscaler.params import Params, read_upscaler_params
from sora.upscaler.patches import example, shrunk

ROOT = Path(__file__).parents[2]
RUNTIME = "runtime: {num_workers: 1, video_timeout_seconds: 60, video_memory_gib: 4}\n"
PARAMS = Params(
    seed=1,
    num_videos=5,
    frames_per_video=2,
    num_patches=160,
    patch_px=32,
    filters=(8, 4),
    epochs=8,
    patience=8,
    batch_size=8,
    learning_rate=0.01,
)


def stripes(seed: int) -> list[np.ndarray]:
    """Three pictures of sharp stripes, always as steep and as wide: what Lanczos blurs."""
    y, x = np.mgrid[:96, :128]
    shifts = np.random.default_rng(seed).integers(0, 20, 3).tolist()
    drawn = [np.where((x + 2 * y + shift) % 20 < 10, 40, 210) for shift in shifts]
    return [np.repeat(one.astype(np.uint8)[..., None], 3, 2) for one in drawn]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A project whose network is trained: twice, in one process."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "data").mkdir()
    (folder / "params.yaml").write_text(RUNTIME + "recipe: one\nrecipes: {one: {}}\n")
    videos = {
        split: write_pictures(folder / f"{split}.mkv", stripes(seed), options={"crf": "1"}, fps=5)
        for seed, split in enumerate(("train", "val", "test"))
    }
    second = write_pictures(folder / "second.mkv", stripes(9), options={"crf": "1"}, fps=5)
    rows = [*((split, path, split) for split, path in videos.items()), ("second", second, "test")]
    table = [f"{name},{path},{name}-hash,{name}-group" for name, path, _ in rows]
    (folder / "data/validated.csv").write_text("\n".join(["path,file,content_hash,group", *table]) + "\n")
    splits = [f"{name},{split}" for name, _, split in rows]
    (folder / "data/splits.csv").write_text("\n".join(["path,split", *splits]) + "\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        train.train_upscaler(PARAMS)
        first = layout.UPSCALER.read_bytes(), layout.UPSCALER_JUDGEMENT.read_bytes()
        train.train_upscaler(PARAMS)
    (folder / "first.onnx").write_bytes(first[0])
    (folder / "first.json").write_bytes(first[1])
    return folder


@pytest.fixture
def project(folder, monkeypatch):
    monkeypatch.chdir(folder)
    kept = layout.UPSCALER_JUDGEMENT.read_text()
    yield folder
    layout.UPSCALER_JUDGEMENT.write_text(kept)


def test_the_same_videos_give_the_same_bytes(project):
    assert layout.UPSCALER.read_bytes() == Path("first.onnx").read_bytes()
    assert layout.UPSCALER_JUDGEMENT.read_bytes() == Path("first.json").read_bytes()


def test_it_beats_lanczos_where_there_is_something_to_learn(project):
    found = json.loads(layout.UPSCALER_JUDGEMENT.read_text())
    assert found["beats_lanczos"] == (found["gain_interval_db"][0] > 0)
    assert {clip["path"] for clip in found["clips"]} == {"test", "second"}
    assert found["gain_db"] > 0.5
    picture = stripes(2)[0]
    network = OwnEnlarger(layout.UPSCALER.read_bytes())
    small = shrunk(picture)
    assert psnr(picture, enlarge(small, network, 2)) > psnr(picture, lanczos(small)) + 0.5


def test_tiles_leave_no_seams_and_grey_stays_grey(project):
    network = OwnEnlarger(layout.UPSCALER.read_bytes())
    given = np.random.default_rng(0).integers(0, 256, (37, 51, 3), np.uint8)
    whole = enlarge(given, network, 2, tile_px=1000)
    tiles = enlarge(given, network, 2, tile_px=16)
    assert np.abs(whole.astype(int) - tiles).max() <= 1  # sums in another order
    grey = enlarge(cv2.merge([given[..., 0]] * 3), network, 2)
    assert np.ptp(grey.astype(int), axis=2).max() == 0


def test_it_is_refused_where_it_does_not_surely_beat_lanczos(project):
    found = json.loads(layout.UPSCALER_JUDGEMENT.read_text())
    layout.UPSCALER_JUDGEMENT.write_text(json.dumps(found | {"beats_lanczos": True}))
    assert load_own_enlarger().key == OwnEnlarger(layout.UPSCALER.read_bytes()).key
    layout.UPSCALER_JUDGEMENT.write_text(json.dumps(found | {"beats_lanczos": False}))
    words = ["enhance", "test.mkv", "-o", "out.mp4", "--scale", "2", "--network", "own"]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 1
    assert "does not surely beat Lanczos on held-out clips" in result.stderr
    assert "--network photo" in result.stderr
    layout.UPSCALER_JUDGEMENT.write_text(json.dumps(found | {"network_hash": "0"}))
    with pytest.raises(SoraError, match="about another network"):
        load_own_enlarger()


def test_without_a_network_the_command_to_train_is_told(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SoraError, match=r"dvc repro models/upscaler/dvc\.yaml"):
        load_own_enlarger()


def test_examples_are_what_is_missing():
    patch = np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8)
    luma, missing = example(patch)
    assert (luma.shape, missing.shape) == ((16, 16, 1), (8, 8, 4))
    inner = slice(8, -8)
    truth = (patch @ np.array([0.299, 0.587, 0.114]))[inner, inner] / 255 - 0.5
    np.testing.assert_allclose(
        UNIT * together(missing) + lanczos(luma[..., 0])[inner, inner], truth, atol=1e-5
    )
    np.testing.assert_array_equal(apart(together(missing)), missing)


def test_its_parameters_are_read_strictly(tmp_path):
    landed = ROOT / "models/upscaler/params.yaml"
    assert read_upscaler_params(landed).filters == (64, 32)
    for before, after, said in (("seed: 0", "seeds: 0", "seeds"), ("px: 64", "px: 63", "even number")):
        (tmp_path / "params.yaml").write_text(landed.read_text().replace(before, after))
        with pytest.raises(SoraError, match=said):
            read_upscaler_params(tmp_path / "params.yaml")
