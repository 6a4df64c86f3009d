"""Bounds of parameters for ``Annotated``, read as those of annotated-types are, without any package."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class _Bound:
    limit: float

    def __get_pydantic_core_schema__(
        self, kind: Any, schema_of: Callable[[Any], dict[str, Any]]
    ) -> dict[str, Any]:
        """Answer pydantic, where it reads parameters: its schema of a number names bounds as we do."""
        return {**schema_of(kind), type(self).__name__.lower(): self.limit}


class Ge(_Bound):
    """At least ``limit``."""


class Gt(_Bound):
    """More than ``limit``."""


class Le(_Bound):
    """At most ``limit``."""


class Lt(_Bound):
    """Less than ``limit``."""
