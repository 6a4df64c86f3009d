"""What a search may choose: a file such as tuning.yaml, checked against the parameters of train."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path
from typing import Annotated, Any, ClassVar, TypeAlias

from annotated_types import MinLen
from pydantic import Field

from sora.errors import SoraError
from sora.params import STRICT, convert, read_yaml
from sora.training.on_features import block_ranges
from sora.training.spec import TrainSpec

VERSION = 1
_SECTION = "train."
_DIGITS = 3

Choice: TypeAlias = str | bool | int | float | list[Any]
# What a search tries: a value for each parameter that counts, by its dotted name in params.yaml.
Point: TypeAlias = dict[str, Any]


@dataclass(frozen=True)
class Parameter:
    """The values that one parameter may take: ``choices``, or all from the first of ``range`` to the second.

    Attributes:
        choices: any values, lists included.
        range: lowest and highest, both included.
        log: whether a range is searched by its logarithm.
        whole: (``int`` in the file) whether a range has whole numbers only.
        when: it counts only while each of these parameters, which stand before it, has one of these values.
    """

    __pydantic_config__: ClassVar = STRICT

    choices: Annotated[list[Choice], MinLen(1)] | None = None
    range: tuple[float, float] | None = None
    log: bool = False
    whole: Annotated[bool, Field(alias="int")] = False
    when: dict[str, list[Choice]] | None = None

    def __post_init__(self) -> None:
        if (self.choices is None) == (self.range is None):
            raise ValueError("expected either choices or range")
        if self.range and not (0 if self.log else -float("inf")) < self.range[0] < self.range[1]:
            positive = ", both above 0 as log is true" if self.log else ""
            raise ValueError(f"range: expected the lower end first{positive}, got {list(self.range)}")
        if self.choices and (self.log or self.whole):
            raise ValueError("log and int belong to a range, not to choices")
        if len(set(self.texts())) != len(self.choices or []):
            raise ValueError("choices: one of them stands twice")

    def texts(self) -> list[str]:
        """Return a short text for each choice, by which a study knows it."""
        return [choice_text(choice) for choice in self.choices or []]

    def counts(self, point: Point) -> bool:
        """Return whether the parameter counts beside what ``point`` already has."""
        return all(name in point and point[name] in values for name, values in (self.when or {}).items())

    def ends(self) -> list[Any]:
        """Return values which are all right if every other one is."""
        return self.choices or [self._number(end) for end in self.range or ()]

    def _number(self, value: float) -> float | int:
        return round(value) if self.whole else rounded(value)


@dataclass(frozen=True)
class _File:
    __pydantic_config__: ClassVar = STRICT

    version: int
    parameters: Annotated[dict[str, Parameter], MinLen(1)]


@dataclass(frozen=True)
class Space:
    """All parameters of a search, in order, by their dotted names in params.yaml."""

    parameters: Mapping[str, Parameter]

    def sampled(self, sample: Callable[[str, Parameter], Any]) -> Point:
        """Build a point from ``sample``, which is asked for a value of each parameter that counts."""
        point: Point = {}
        for name, parameter in self.parameters.items():
            if parameter.counts(point):
                point[name] = sample(name, parameter)
        return point

    def _counting(self, values: Point) -> Point:
        return self.sampled(lambda name, _: values[name])

    def grid(self) -> list[Point]:
        """Return every point once.

        Raises:
            SoraError: a parameter has a range.
        """
        for name, parameter in self.parameters.items():
            if parameter.choices is None:
                raise SoraError(f"{name}: a grid needs choices, got a range; list values, or search with tpe")
        choices = [each.choices or [] for each in self.parameters.values()]
        rows = [dict(zip(self.parameters, row, strict=True)) for row in product(*choices)]
        points = [self._counting(row) for row in rows]
        return list({json.dumps(point): point for point in points}.values())

    def described(self) -> dict[str, Any]:
        """Return all of it as values for JSON."""
        return {name: asdict(parameter) for name, parameter in self.parameters.items()}


def read_space(path: Path, base: TrainSpec, blocks: Mapping[str, slice]) -> Space:
    """Read a space and check every value in it.

    Args:
        base: what the parameters that are not searched are.
        blocks: the stored blocks of features, by name.

    Raises:
        SoraError: the file is missing or malformed, a name is unknown, or a value is not allowed.
    """
    space = Space(convert(_File, _read(path), str(path)).parameters)
    for name, parameter in space.parameters.items():
        if not name.startswith(_SECTION):
            raise SoraError(f"{path}: {name}: expected a parameter of train, such as train.head")
        for needed in parameter.when or {}:
            if needed not in list(space.parameters)[: list(space.parameters).index(name)]:
                raise SoraError(f"{path}: {name}: when: expected parameters that stand before, got {needed}")
        for value in parameter.ends():
            _require_blocks(params_at(base, {name: value}, str(path)), blocks, path)
    return space


def params_at(base: TrainSpec, point: Point, where: str) -> TrainSpec:
    """Return the parameters of train at a point of the space; ``where`` begins the message of an error.

    Raises:
        SoraError: there is no such parameter, or no such value of it.
    """
    values = asdict(base)
    for name, value in point.items():
        *sections, last = name.removeprefix(_SECTION).split(".")
        section = values
        for key in sections:
            if not isinstance(section.get(key), dict):
                raise SoraError(f"{where}: {name}: unknown parameter; is it misspelt?")
            section = section[key]
        section[last] = value
    return convert(TrainSpec, values, f"{where}: train")


def point_of(base: TrainSpec, space: Space) -> Point | None:
    """Return the point at which ``base`` itself lies; None where the space leaves it out."""
    values = dict(flat(asdict(base)))
    point = space.sampled(lambda name, parameter: _same(parameter, values[name]))
    return None if None in point.values() else point


def choice_text(choice: Choice) -> str:
    """Return a choice as text: a list of words as ``a + b``, all else as JSON."""
    if isinstance(choice, str):
        return choice
    if isinstance(choice, list) and all(isinstance(each, str) for each in choice):
        return " + ".join(choice)
    return json.dumps(choice)


def rounded(value: float) -> float:
    """Return a number with three digits, for params.yaml is read by people."""
    return float(f"{value:.{_DIGITS}g}")


def flat(values: Mapping[str, Any], prefix: str = _SECTION) -> Iterator[tuple[str, Any]]:
    """Yield every parameter by its dotted name, and every section too."""
    for key, value in values.items():
        yield f"{prefix}{key}", value
        if isinstance(value, dict):
            yield from flat(value, f"{prefix}{key}.")


def _same(parameter: Parameter, value: Any) -> Any:
    """Return ``value`` as the parameter has it, for 10.0 may stand as 10 in a list; None if it may not be."""
    if parameter.range:
        is_inside = isinstance(value, int | float) and parameter.range[0] <= value <= parameter.range[1]
        return value if is_inside else None
    return next((choice for choice in parameter.choices or [] if choice == value), None)


def _require_blocks(params: TrainSpec, blocks: Mapping[str, slice], path: Path) -> None:
    try:
        block_ranges(dict(blocks), params.blocks)
    except SoraError as error:
        raise SoraError(f"{path}: {str(error).removeprefix('params.yaml: ')}") from error


def _read(path: Path) -> Any:
    values = read_yaml(path, "name the file of the space with --space")
    if isinstance(values, dict) and values.get("version") != VERSION:
        raise SoraError(f"{path}: version: expected {VERSION}, got {values.get('version')!r}")
    return values
