from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from sora.errors import SoraError
from sora.params import read_section
from sora.training.spec import TrainSpec
from sora.tuning.space import Parameter, Space, params_at, point_of, read_space, rounded

ROOT = Path(__file__).parents[2]
BASE = read_section("train", TrainSpec, ROOT / "params.yaml")
STREAMS = ("rgb", "crop", "difference")
NAMES = [*(f"{s}.{part}" for s in STREAMS for part in ("mean", "quadrants")), "motion.flow"]
BLOCKS = {name: slice(place, place + 1) for place, name in enumerate(NAMES)}
HEADS = Parameter(choices=["linear", "mean", "gru"])
UNITS = Parameter(choices=[8, 16], when={"train.head": ["gru"]})
DROPOUT = Parameter(range=(0.1, 0.6), when={"train.head": ["mean", "gru"]})


def space_file(folder: Path, **parameters: dict) -> Path:
    named = {f"train.{name.replace('__', '.')}": value for name, value in parameters.items()}
    path = folder / "tuning.yaml"
    path.write_text(yaml.safe_dump({"version": 1, "parameters": named}, sort_keys=False))
    return path


def test_the_landed_space_fits_the_landed_parameters_and_starts_from_them():
    space = read_space(ROOT / "tuning.yaml", BASE, BLOCKS)
    assert point_of(BASE, space) == {
        "train.head": BASE.head,
        "train.blocks": BASE.blocks,
        "train.linear.fusion": BASE.linear.fusion,
        "train.linear.classifiers": BASE.linear.classifiers,
    }


def test_a_grid_has_each_point_once_and_only_what_counts():
    grid = Space({"train.head": HEADS, "train.units": UNITS}).grid()
    assert grid == [
        {"train.head": "linear"},
        {"train.head": "mean"},
        {"train.head": "gru", "train.units": 8},
        {"train.head": "gru", "train.units": 16},
    ]
    with pytest.raises(SoraError, match=r"train\.dropout: a grid needs choices, got a range"):
        Space({"train.head": HEADS, "train.dropout": DROPOUT}).grid()


def test_a_point_changes_what_it_names_and_nothing_else():
    point = {"train.units": 16, "train.optimizer.learning_rate": 0.5, "train.blocks": ["rgb"]}
    expected = replace(BASE, units=16, blocks=["rgb"], optimizer=replace(BASE.optimizer, learning_rate=0.5))
    assert params_at(BASE, point, "here") == expected


def test_parameters_outside_the_space_are_no_point_of_it():
    space = Space({"train.head": HEADS, "train.dropout": DROPOUT})
    assert point_of(BASE, space) == {"train.head": "linear"}
    assert point_of(replace(BASE, head="mean", dropout=0.3), space) == {
        "train.head": "mean",
        "train.dropout": 0.3,
    }
    assert point_of(replace(BASE, head="mean", dropout=0.7), space) is None
    assert point_of(replace(BASE, head="tcn"), space) is None


def test_a_whole_number_in_a_list_is_the_number_that_train_has():
    strengths = Space({"train.linear.strengths": Parameter(choices=[[1], [1, 10, 100, 1000]])})
    point = point_of(BASE, strengths)
    assert str(point) == "{'train.linear.strengths': [1, 10, 100, 1000]}"


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"dropuot": {"choices": [0.1]}}, "train.dropuot: unknown parameter; is it misspelt?"),
        ({"optimiser__kind": {"choices": ["sgd"]}}, "train.optimiser.kind: unknown parameter"),
        ({"head": {"choices": ["linear", "lstn"]}}, "train.head: input should be 'linear'"),
        ({"units": {"range": [8, 16]}}, "train.units: input should be a valid integer, got 8.0"),
        ({"dropout": {"range": [0.5, 1], "log": True}}, "train.dropout: input should be less than 1"),
        ({"dropout": {"range": [0, 0.5], "log": True}}, "both above 0 as log is true"),
        ({"dropout": {"range": [0.5, 0.1]}}, "expected the lower end first"),
        ({"dropout": {"range": [0.1, 0.5], "choices": [1]}}, "expected either choices or range"),
        ({"dropout": {}}, "expected either choices or range"),
        ({"dropout": {"choices": [0.1, 0.1]}}, "one of them stands twice"),
        ({"units": {"choices": [8], "int": True}}, "log and int belong to a range"),
        ({"units": {"choice": [8]}}, "parameters.train.units.choice: unknown parameter"),
        ({"blocks": {"choices": [["rgb"], ["rgbb"]]}}, "expected some of rgb, rgb.mean, .*got 'rgbb'"),
        (
            {"units": {"choices": [8], "when": {"train.head": ["gru"]}}, "head": {"choices": ["gru"]}},
            "train.units: when: expected parameters that stand before, got train.head",
        ),
    ],
)
def test_what_is_wrong_with_a_space_is_told_in_one_line(tmp_path, parameters, message):
    path = space_file(tmp_path, **parameters)
    with pytest.raises(SoraError, match=message) as caught:
        read_space(path, BASE, BLOCKS)
    assert str(caught.value).startswith(str(path))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("version: 2\nparameters: {}", "version: expected 1, got 2"),
        ("version: 1\nparameters: {extract.backbone: {choices: [a]}}", "expected a parameter of train"),
        ("version: 1\nparameters: {}", "parameters: dictionary should have at least 1 item"),
        ("a: [", "is not valid YAML"),
        (None, "is not here; name the file of the space with --space"),
    ],
)
def test_what_is_wrong_with_a_file_is_told_in_one_line(tmp_path, text, message):
    path = tmp_path / "space.yaml"
    if text is not None:
        path.write_text(text)
    with pytest.raises(SoraError, match=message):
        read_space(path, BASE, BLOCKS)


@given(st.floats(1e-9, 1e6))
def test_a_rounded_number_is_short_and_near(value):
    assert rounded(value) == pytest.approx(value, rel=0.005)
    assert len(f"{rounded(value):e}".split("e")[0].rstrip("0")) <= 4
