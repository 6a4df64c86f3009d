import importlib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar

import pytest
import yaml
from annotated_types import Ge, Le

from sora.errors import SoraError
from sora.frames.spec import InputSpec
from sora.params import STRICT, Execution, Runtime, parse_yaml, read_params, read_section
from sora.stages import STAGES
from sora.stages.extract import feature_columns
from sora.training.on_features import block_ranges

LANDED = Path(__file__).parents[1] / "params.yaml"
RUNTIME = {"num_workers": 2, "video_timeout_seconds": 5, "video_memory_gib": 1.5}


@dataclass(frozen=True)
class Mix:
    __pydantic_config__: ClassVar = STRICT

    size: Annotated[int, Ge(1), Le(9)]
    name: str
    share: Annotated[float, Ge(0), Le(1)]
    on: bool

    def __post_init__(self) -> None:
        if self.on and self.size == 7:
            raise ValueError("size must not be 7 while on is true")


def good() -> dict[str, Any]:
    return {
        "seed": 3,
        "runtime": dict(RUNTIME),
        "execution": {"engine": "dask", "address": "tcp://host:8786"},
        "recipe": "plain",
        "recipes": {"plain": {}, "big": {"mix": {"size": 9}}},
        "mix": {"size": 4, "name": "x", "share": 1, "on": True},
    }


def read(tmp_path: Path, text: str) -> tuple[dict[str, Any], Any]:
    path = tmp_path / "params.yaml"
    path.write_text(text)
    return read_params({"mix": Mix}, path)


def message(tmp_path: Path, text: str) -> str:
    with pytest.raises(SoraError) as caught:
        read(tmp_path, text)
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith(str(tmp_path / "params.yaml"))
    return str(caught.value).removeprefix(str(tmp_path / "params.yaml"))


def test_good_values_come_typed(tmp_path: Path):
    params, settings = read(tmp_path, yaml.safe_dump(good()))
    assert params == {"mix": Mix(4, "x", 1.0, True)}
    assert isinstance(params["mix"].share, float)
    assert (settings.seed, settings.runtime) == (
        3,
        Runtime(2, 5.0, 1.5, Execution("dask", "tcp://host:8786")),
    )


@pytest.mark.parametrize(
    ("section", "key", "value", "expected"),
    [
        ("mix", "siez", 4, ": mix.siez: unknown parameter; is it misspelt?"),
        ("mix", "size", "4", ": mix.size: input should be a valid integer, got '4'"),
        ("mix", "size", 4.5, ": mix.size: input should be a valid integer, got 4.5"),
        ("mix", "size", True, ": mix.size: input should be a valid integer, got True"),
        ("mix", "size", 10, ": mix.size: input should be less than or equal to 9, got 10"),
        ("mix", "name", 5, ": mix.name: input should be a valid string, got 5"),
        ("mix", "on", 1, ": mix.on: input should be a valid boolean, got 1"),
        ("mix", "size", 7, ": mix: size must not be 7 while on is true"),
        ("mix", "share", None, ": mix.share: input should be a valid number, got None"),
        ("runtime", "num_workers", -1, ": runtime.num_workers: input should be greater than or equal to 0"),
        (
            "runtime",
            "video_memory_gib",
            0,
            ": runtime.video_memory_gib: input should be greater than 0, got 0",
        ),
    ],
)
def test_a_wrong_value_is_named(tmp_path: Path, section: str, key: str, value: object, expected: str):
    values = good()
    values[section][key] = value
    assert message(tmp_path, yaml.safe_dump(values)).startswith(expected)


def test_a_recipe_changes_what_it_names(tmp_path: Path):
    text = yaml.safe_dump(good() | {"recipe": "big"})
    assert read(tmp_path, text)[0] == {"mix": Mix(9, "x", 1.0, True)}
    assert read_section("mix", Mix, tmp_path / "params.yaml").size == 9
    assert read_section("seed", int, tmp_path / "params.yaml") == 3
    unknown = message(tmp_path, text.replace("recipe: big", "recipe: huge"))
    assert unknown == (": recipe: expected one of big, plain, got 'huge'")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"mix": {"size": 10}}, ": recipes.big: mix.size: input should be less than or equal to 9, got 10"),
        ({"mix": {"siez": 3}}, ": recipes.big: mix.siez: unknown parameter; is it misspelt?"),
        ({"mix": 3}, ": recipes.big: mix: "),
        ({"mixx": {}}, ": recipes.big: unknown section mixx; expected mix"),
        ([], ": recipes.big: input should be an object"),
    ],
)
def test_recipes_that_are_not_chosen_are_checked_too(tmp_path: Path, changes: object, expected: str):
    recipes = {"plain": {}, "big": changes}
    text = yaml.safe_dump(good() | {"recipes": recipes}, sort_keys=False)
    assert message(tmp_path, text).startswith(expected)


def test_what_a_recipe_leaves_out_stays_at_any_depth(tmp_path: Path):
    (tmp_path / "params.yaml").write_text(
        "a: {b: {c: 1, d: 2}, e: 3}\nrecipe: r\nrecipes: {r: {a: {b: {d: 5}}}}\n"
    )
    assert read_section("a", dict, tmp_path / "params.yaml") == {"b": {"c": 1, "d": 5}, "e": 3}


@pytest.mark.parametrize("value", [".nan", ".inf"])
def test_no_number_is_not_a_number(tmp_path: Path, value: str):
    text = yaml.safe_dump(good()).replace("share: 1", f"share: {value}")
    assert message(tmp_path, text).startswith(": mix.share: ")


def test_missing_and_unknown_keys_and_sections(tmp_path: Path):
    values = good()
    del values["mix"]["name"]
    assert message(tmp_path, yaml.safe_dump(values)) == ": mix.name: this parameter is missing"
    values = good() | {"mixx": {}}
    expected = ": unknown section mixx; expected execution, mix, recipe, recipes, runtime, seed"
    assert message(tmp_path, yaml.safe_dump(values)) == expected
    values = good()
    del values["seed"]
    expected = ": missing section seed; expected execution, mix, recipe, recipes, runtime, seed"
    assert message(tmp_path, yaml.safe_dump(values)) == expected
    assert message(tmp_path, yaml.safe_dump(good() | {"seed": -1})).startswith(": seed: ")
    assert message(tmp_path, yaml.safe_dump(good() | {"mix": None})).startswith(": mix: ")


def test_files_that_are_no_params(tmp_path: Path):
    assert message(tmp_path, "- a\n- b\n") == ": expected sections, got list"
    assert message(tmp_path, "") == ": expected sections, got NoneType"
    assert message(tmp_path, "a: [1\nb: 2").startswith(" is not valid YAML: ")
    (tmp_path / "params.yaml").unlink()
    with pytest.raises(SoraError, match=r"params.yaml is not here; run from the folder of the project"):
        read_params({"mix": Mix}, tmp_path / "params.yaml")


def test_the_landed_params_are_read_whole():
    sections = {name: importlib.import_module(f"sora.stages.{name}").Params for name in STAGES}
    params, settings = read_params(sections, LANDED)
    written = yaml.safe_load(LANDED.read_text())
    assert written["recipe"] == "default"
    assert not any(written["recipes"]["default"].values())
    for name in STAGES:
        found = {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(params[name]).items()}
        assert found == written[name]
    assert settings.seed == written["seed"]


@pytest.mark.parametrize("recipe", yaml.safe_load(LANDED.read_text())["recipes"])
def test_every_recipe_extracts_what_it_trains_on(tmp_path: Path, recipe: str):
    (tmp_path / "params.yaml").write_text(LANDED.read_text().replace("recipe: default", f"recipe: {recipe}"))
    sections = {name: importlib.import_module(f"sora.stages.{name}").Params for name in STAGES}
    params, _ = read_params(sections, tmp_path / "params.yaml")
    extract = params["extract"]
    spec = InputSpec(
        params["preprocess"], extract.streams, extract.descriptors, extract.backbone, extract.blocks
    )
    columns = feature_columns(spec)
    if params["train"].network == "features":
        assert block_ranges(columns, params["train"].blocks)
    assert columns


def test_a_misspelt_name_is_told_rather_than_the_one_that_is_missing(tmp_path: Path):
    values = good()
    values["mix"]["siez"] = values["mix"].pop("size")
    assert message(tmp_path, yaml.safe_dump(values)) == ": mix.siez: unknown parameter; is it misspelt?"


@pytest.mark.parametrize("text", ["1e-5", "1E-5", "-2e3", "1e+5", "1.0e-5"])
def test_a_number_with_an_exponent_is_a_number(text):
    assert parse_yaml(f"a: {text}") == {"a": float(text)}


def test_what_only_looks_like_an_exponent_is_text():
    assert parse_yaml("[e5, 1e, 5e-x, 2f1e5]") == ["e5", "1e", "5e-x", "2f1e5"]
