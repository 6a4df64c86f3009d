"""Running rules over a table as a Great Expectations suite."""

import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from great_expectations.data_context import FileDataContext
    from great_expectations.expectations.expectation import Expectation

DECODES = "num_frames_decoded"  # the rules of videos that decode read it


@dataclass(frozen=True)
class Rule:
    """What a column must keep to: one of ``allowed``, a range (inclusive), or with none of them null.

    ``reason`` is a template for str.format, of the row's columns and found, low, high, allowed, cause and
    unreadable. Rules other than ``for_all`` pass over videos of which no frame decodes.
    """

    name: str
    column: str
    reason: str
    low: float | None = None
    high: float | None = None
    allowed: tuple[Any, ...] = ()
    for_all: bool = False


def failing_rows(table: pd.DataFrame, rules: list[Rule], docs_folder: Path | None) -> list[list[int]]:
    """Return the positions of the failing rows, rule by rule, from a context of its own.

    ``table`` is numbered from 0 and has num_frames_decoded. With ``docs_folder``, that folder becomes Great
    Expectations' data docs (HTML). Raises RuntimeError when a rule cannot be checked.
    """
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")  # read when the library is imported
    import great_expectations as gx

    with tempfile.TemporaryDirectory(prefix="sora-gx-") as folder:
        context = _quiet_context(folder)
        suite = gx.ExpectationSuite("videos", expectations=[_expectation(rule) for rule in rules])
        asset = context.data_sources.add_pandas("manifest").add_dataframe_asset("videos")
        batch = asset.add_batch_definition_whole_dataframe("all")
        definition = gx.ValidationDefinition(name="videos", data=batch, suite=context.suites.add(suite))
        outcome = context.validation_definitions.add(definition).run(
            batch_parameters={"dataframe": table}, result_format={"result_format": "COMPLETE"}
        )
        if docs_folder is not None:
            context.build_data_docs()
            _replace_folder(Path(folder, "gx/uncommitted/data_docs/local_site"), docs_folder)
    results: list[Any] = outcome.results
    by_name = {result.expectation_config.meta["name"]: result for result in results}
    return [_unexpected_positions(by_name[rule.name]) for rule in rules]


def _quiet_context(folder: str) -> "FileDataContext":
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="file", project_root_dir=folder)
    context.variables.progress_bars = ProgressBarsConfig(globally=False, metric_calculations=False)
    return context


def _expectation(rule: Rule) -> "Expectation":
    from great_expectations import expectations
    from great_expectations.expectations.row_conditions import Column

    options: dict[str, Any] = {"column": rule.column, "meta": {"name": rule.name}}
    if not rule.for_all:
        options["row_condition"] = Column(DECODES) >= 1
    if rule.allowed:
        return expectations.ExpectColumnValuesToBeInSet(value_set=list(rule.allowed), **options)
    if rule.low is None and rule.high is None:
        return expectations.ExpectColumnValuesToBeNull(**options)
    return expectations.ExpectColumnValuesToBeBetween(min_value=rule.low, max_value=rule.high, **options)


def _unexpected_positions(result: Any) -> list[int]:
    positions = result.result.get("unexpected_index_list") or []
    if not result.success and not positions:
        raise RuntimeError(
            f"Great Expectations could not check {result.expectation_config}: {result.exception_info}"
        )
    return sorted(int(position) for position in positions)


def _replace_folder(built: Path, target: Path) -> None:
    """Put a copy of ``built`` in the place of ``target``, whole; what was there before is removed."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".tmp-") as beside:
        shutil.copytree(built, Path(beside, "new"))
        if target.exists():
            target.replace(Path(beside, "old"))
        Path(beside, "new").replace(target)
