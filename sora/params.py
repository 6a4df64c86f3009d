"""The strict reader of params.yaml: an unknown key or a wrong type is an error."""

import json
import re
from collections.abc import Set
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, TypeVar

import yaml
from annotated_types import Ge, Gt
from pydantic import BeforeValidator, TypeAdapter, ValidationError

from sora.errors import SoraError
from sora.frames.spec import InputSpec

PARAMS = Path("params.yaml")
STRICT: dict[str, Any] = {"extra": "forbid", "strict": True}

# dvc.yaml names these of every recipe, so each must have them, be it empty.
RECIPE_SECTIONS = frozenset({"preprocess", "extract", "train"})
RECIPE_KEYS = ("recipe", "recipes")
SHARED = ("seed", "runtime", "execution", *RECIPE_KEYS)
OF_COMMANDS = ("gate", "incoming")  # no stage reads them, and a project may do without

T = TypeVar("T")


@dataclass(frozen=True)
class Execution:
    """Where the child processes run that work on videos.

    Attributes:
        engine: ``local``, on this machine, or ``dask``, on the workers of a Dask cluster.
        address: of its scheduler, ``tcp://host:8786``; empty: see ``sora.cluster.Cluster``.
    """

    __pydantic_config__: ClassVar = STRICT

    engine: Literal["local", "dask"]
    address: str


def _refuse_inside(value: Any) -> Any:
    raise ValueError("execution is a section of its own")


@dataclass(frozen=True)
class Runtime:
    """How work is spread; never part of a result, so no stage depends on it.

    Attributes:
        num_workers: child processes of this machine; 0 is one for each core.
        video_timeout_seconds: a video that takes longer is set aside.
        video_memory_gib: memory that one child process may take.
        execution: where these run.
    """

    __pydantic_config__: ClassVar = STRICT

    num_workers: Annotated[int, Ge(0)]
    video_timeout_seconds: Annotated[float, Gt(0)]
    video_memory_gib: Annotated[float, Gt(0)]
    execution: Annotated[Execution, BeforeValidator(_refuse_inside)] = Execution("local", "")


@dataclass(frozen=True)
class Settings:
    """What every stage is given beside its own section."""

    seed: int
    runtime: Runtime


def read_params(sections: dict[str, type], path: Path = PARAMS) -> tuple[dict[str, Any], Settings]:
    """Return every section of ``path`` as its dataclass, and the settings that all stages share.

    The recipe that ``recipe`` names changes some parameters of some sections. The others are checked too.

    Raises:
        SoraError: the file is missing, is no YAML mapping, or has an unknown, missing or mistyped key.
    """
    values = _sections(path)
    known = {*sections, *SHARED}
    _refuse(path, "unknown", values.keys() - known - {*OF_COMMANDS}, known)
    _refuse(path, "missing", known - values.keys(), known)
    recipes, chosen = _recipes(values, path)
    read = {
        name: convert(kind, _changed(values, recipes[chosen], name), f"{path}: {name}")
        for name, kind in sections.items()
    }
    for recipe, changes in recipes.items():
        where = f"{path}: recipes.{recipe}"
        _refuse(where, "unknown", changes.keys() - sections.keys(), {*sections})
        _refuse(where, "missing", RECIPE_SECTIONS & sections.keys() - changes.keys(), {*sections})
        for name in changes:
            convert(sections[name], _changed(values, changes, name), f"{where}: {name}")
    execution = convert(Execution, values["execution"], f"{path}: execution")
    runtime = replace(convert(Runtime, values["runtime"], f"{path}: runtime"), execution=execution)
    return read, Settings(convert(Annotated[int, Ge(0)], values["seed"], f"{path}: seed"), runtime)


def read_section(name: str, kind: type[T], path: Path = PARAMS) -> T:
    """Return one section of ``path`` as ``kind``, as the recipe has it, for commands that need no other.

    Raises:
        SoraError: as ``read_params``.
    """
    values = _sections(path)
    _refuse(path, "missing", {name, *RECIPE_KEYS} - values.keys(), {name, *RECIPE_KEYS})
    recipes, chosen = _recipes(values, path)
    return convert(kind, _changed(values, recipes[chosen], name), f"{path}: {name}")


def _recipes(values: dict[str, Any], path: Path) -> tuple[dict[str, dict[str, Any]], str]:
    """Return the changes of each recipe by section, and the name of the chosen one."""
    recipes = convert(dict[str, dict[str, Any]], values["recipes"], f"{path}: recipes")
    if values["recipe"] not in recipes:
        raise SoraError(f"{path}: recipe: expected one of {', '.join(recipes)}, got {values['recipe']!r}")
    return recipes, values["recipe"]


def _changed(values: dict[str, Any], changes: dict[str, Any], name: str) -> Any:
    """Return ``values[name]`` with what ``changes[name]`` says, at any depth of mappings."""
    value, change = values.get(name), changes.get(name)
    if name not in changes:
        return value
    if not isinstance(value, dict) or not isinstance(change, dict):
        return change
    return value | {key: _changed(value, change, key) for key in change}


def convert(kind: Any, value: Any, where: str) -> Any:
    """Return ``value`` as ``kind``, checked strictly; ``where`` begins the message of the error."""
    try:
        # As JSON: there a mapping may stand for a dataclass, and nothing else is converted.
        return TypeAdapter(kind).validate_json(json.dumps(value, default=str), strict=True)
    except ValidationError as error:
        raise SoraError(_first_line(error, where)) from error


def read_input_spec(path: Path) -> InputSpec:
    """Read the InputSpec that extract wrote."""
    return convert(InputSpec, json.loads(path.read_text(encoding="utf-8")), str(path))


def _first_line(error: ValidationError, where: str) -> str:
    # A misspelt key is both unknown and missing; the first says more.
    first = min(error.errors(), key=lambda found: found["type"] != "unexpected_keyword_argument")
    key = ".".join([where, *map(str, first["loc"])])
    if first["type"] == "unexpected_keyword_argument":
        return f"{key}: unknown parameter; is it misspelt?"
    if first["type"] in ("missing", "missing_argument"):
        return f"{key}: this parameter is missing"
    if first["type"] == "value_error":  # raised by the dataclass itself, about several of its fields
        return f"{where}: {first['ctx']['error']}"
    message = first["msg"][0].lower() + first["msg"][1:]
    return f"{key}: {message}, got {first['input']!r}"


class _Loader(yaml.SafeLoader):
    """YAML 1.1 takes 1e-5 for text; people, and DVC when it writes parameters, mean a number."""


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"^[-+]?[0-9]+[eE][-+]?[0-9]+$"), list("-+0123456789")
)


def parse_yaml(text: str) -> Any:
    """Return what a YAML text says, with plain values only.

    Raises:
        yaml.YAMLError: the text is not valid.
    """
    return yaml.load(text, _Loader)


def read_yaml(path: Path, where: str) -> Any:
    """Return what a YAML file says, with plain values only.

    Raises:
        SoraError: it is missing, and ``where`` says what to do then; or it is not valid.
    """
    try:
        return parse_yaml(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise SoraError(f"{path} is not here; {where}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SoraError(f"{path} is not valid YAML: {' '.join(str(error).split())}") from error


def _sections(path: Path) -> dict[str, Any]:
    values = read_yaml(path, "run from the folder of the project")
    if not isinstance(values, dict):
        raise SoraError(f"{path}: expected sections, got {type(values).__name__}")
    return values


def _refuse(path: Path | str, what: str, keys: Set[str], known: Set[str]) -> None:
    if keys:
        raise SoraError(
            f"{path}: {what} section {', '.join(sorted(map(str, keys)))}; expected {', '.join(sorted(known))}"
        )
