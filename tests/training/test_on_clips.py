"""Small networks of images trained from clips that the test writes: which way a square walks."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml
from clip_specs import clip_spec, input_spec
from pictures import walking_square

from sora.networks.backbones import frame_feature_network
from sora.networks.determinism import make_deterministic
from sora.networks.model_files import load_model, save_model
from sora.networks.onnx_export import export_onnx
from sora.params import convert
from sora.runtimes import load_backbone
from sora.training.on_clips import LabelledClips, fit_clips
from sora.training.spec import TrainSpec
from sora.video.write import write_clip

SIZE = 40
GIVEN = replace(input_spec(clip_spec(num_segments=4, image_size_px=SIZE)), backbone="efficientnet_lite0")
LABELS = ["left", "right"]


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> LabelledClips:
    folder, paths, labels = tmp_path_factory.mktemp("clips"), [], []
    for number in range(12):
        frames = walking_square(8, size=SIZE, side=10 + number % 3, step=3)[0]
        label = LABELS[number % 2]
        paths.append(folder / f"{number}.mkv")
        write_clip(paths[-1], frames[::-1] if label == "left" else frames)
        labels.append(label)
    return LabelledClips(paths, labels, [str(path) for path in paths])


def spec(network: str, **changes: object) -> TrainSpec:
    section = yaml.safe_load((Path(__file__).parents[2] / "params.yaml").read_text())["train"]
    small = {"num_blocks": [1, 1], "widths": [4, 8], "taps": [1, 2], "fused_size": 8, "num_views": 2}
    shared = {"network": network, "epochs": 3, "batch_size": 4, "embedding_size": 6}
    return convert(TrainSpec, section | shared | {"clips": section["clips"] | small} | changes, "train")


@pytest.mark.parametrize("network", ["residual", "fine_tuned"])
def test_both_networks_are_trained_and_give_what_a_bundle_needs(
    clips: LabelledClips, tmp_path: Path, network: str
):
    pretrained = None
    if network == "fine_tuned":
        make_deterministic(0)
        pretrained = frame_feature_network("efficientnet_lite0", SIZE, blocks=["mean"], weights=None)
        before = [array.copy() for array in pretrained.get_weights()]
    # With validation the weights of the first training may come back, where the second does not pay off.
    val = (
        LabelledClips(clips.paths[:2], clips.labels[:2], clips.groups[:2])
        if network == "residual"
        else LabelledClips([], [], [])
    )
    shown: list[int] = []
    fitted = fit_clips(
        clips,
        val,
        LABELS,
        spec(network),
        given=GIVEN,
        seed=0,
        pretrained=pretrained,
        on_epoch=lambda row: shown.append(row["epoch"]),
    )
    num_epochs = 3 if network == "residual" else 6  # the head alone, and then the last units with it
    assert [row["epoch"] for row in fitted.history] == shown == list(range(1, num_epochs + 1))
    assert fitted.backbone.spec.streams.names == ["rgb"]
    assert fitted.backbone.spec.descriptors.names == []
    images = np.random.default_rng(0).normal(size=(4, SIZE, SIZE, 3)).astype(np.float32)
    features = np.asarray(fitted.backbone.network(images))
    save_model(fitted.backbone.network, tmp_path / "saved")
    np.testing.assert_array_equal(load_model(tmp_path / "saved")(images), features)
    export_onnx(fitted.backbone.network, tmp_path / "network.onnx")
    np.testing.assert_allclose(load_backbone(tmp_path / "network.onnx")(images), features, atol=1e-4)
    probabilities, embedding = fitted.model(features[None])
    assert float(np.sum(probabilities)) == pytest.approx(1)
    assert embedding.shape == (1, 6)
    if pretrained:
        after = pretrained.get_weights()
        changed = [not np.array_equal(*pair) for pair in zip(before, after, strict=True)]
        assert any(changed[-12:]), "the last units were trained"
        assert not any(changed[:50]), "the others were not"


def test_a_training_that_was_stopped_goes_on_to_the_same_weights(clips: LabelledClips, tmp_path: Path):
    nothing = LabelledClips([], [], [])

    def fitted(**changes: object) -> list[np.ndarray]:
        found = fit_clips(clips, nothing, LABELS, spec("residual"), given=GIVEN, seed=0, **changes)
        return [*found.backbone.network.get_weights(), *found.model.get_weights()]

    def stop(row: dict) -> None:
        if row["epoch"] == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fitted(checkpoints=tmp_path, on_epoch=stop)
    assert len(list(tmp_path.iterdir())) == 1
    resumed = fitted(checkpoints=tmp_path)
    assert list(tmp_path.iterdir()) == []
    for one, other in zip(resumed, fitted(), strict=True):
        np.testing.assert_array_equal(one, other)
