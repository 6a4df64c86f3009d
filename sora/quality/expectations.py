"""Expectations on the decoded facts of videos, as a Great Expectations suite, and the reasons in words."""

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

_COLUMNS_ALL_FILLED = (
    "num_frames_decoded",
    "decoded_share",
    "width",
    "height",
    "fps",
    "duration_seconds",
    "black_share",
    "overexposed_share",
    "frozen_share",
)
_MAX_EXAMPLES = 3


@dataclass(frozen=True)
class Limits:
    """What a usable video must keep to; shares in [0, 1], of declared duration or of decoded frames."""

    min_frames: int
    min_decoded_share: float
    min_size_px: int  # of the shorter side
    min_fps: float
    max_fps: float
    min_duration_seconds: float
    max_duration_seconds: float
    max_black_share: float
    max_overexposed_share: float
    max_frozen_share: float


@dataclass(frozen=True)
class Findings:
    """``reasons``: path to reasons, failing videos only. ``expectations``: one row per rule of the suite.

    A row has name, column, success and num_unexpected (videos).
    """

    reasons: dict[str, list[str]]
    expectations: list[dict[str, Any]]


@dataclass(frozen=True)
class _Rule:
    """A range (inclusive) for a column; with neither bound, the column must be null."""

    name: str
    column: str
    reason: str  # a template for str.format: the row's columns, found, low, high, cause, unreadable
    low: float | None = None
    high: float | None = None


def check_videos(manifest: pd.DataFrame, limits: Limits, docs_folder: Path | None) -> Findings:
    """Check each video of ``manifest`` and say in words what is wrong with which.

    ``manifest`` has path, duplicate_of and the fields of VideoFacts, and is not changed. A video of which no
    frame decodes gets one reason, its error: the other rules do not apply to it. With ``docs_folder``, that
    folder becomes Great Expectations' data docs (HTML). Raises ValueError when a fact is missing.
    """
    table = _checked_table(manifest)
    rules = _rules(limits)
    unexpected = _validate(table, rules, docs_folder)
    rows: list[Any] = table.to_dict("records")
    reasons: dict[str, list[str]] = {}
    for rule, positions in zip(rules, unexpected, strict=True):
        for position in positions:
            reasons.setdefault(rows[position]["path"], []).append(_reason(rule, rows[position]))
    return Findings(
        reasons={path: reasons[path] for path in table["path"] if path in reasons},
        expectations=[_outcome(rule, positions) for rule, positions in zip(rules, unexpected, strict=True)],
    )


def groups_per_label(manifest: pd.DataFrame) -> dict[str, int]:
    """Return the number of different groups of each label, in the order of labels.

    A label needs at least as many groups as there are splits.
    """
    counts = manifest.groupby("label", sort=True)["group"].nunique()
    return {str(label): int(count) for label, count in counts.items()}


def _outcome(rule: _Rule, positions: list[int]) -> dict[str, Any]:
    return {
        "name": rule.name,
        "column": rule.column,
        "success": not positions,
        "num_unexpected": len(positions),
    }


def _checked_table(manifest: pd.DataFrame) -> pd.DataFrame:
    """Return the columns that rules read, numbered from 0, with null for a video that copies none."""
    for column in _COLUMNS_ALL_FILLED:  # Great Expectations passes over nulls
        missing = manifest.loc[manifest[column].isna(), "path"].tolist()
        if missing:
            raise ValueError(
                f"{column}: a number expected for every video, none for {missing[:_MAX_EXAMPLES]}"
            )
    table = manifest[["path", *_COLUMNS_ALL_FILLED]].reset_index(drop=True)
    duplicate_of = manifest["duplicate_of"].reset_index(drop=True).astype(object)
    return table.assign(
        shorter_side_px=table[["width", "height"]].min(axis=1),
        duplicate_of=duplicate_of.where(duplicate_of.notna() & (duplicate_of != ""), None),
        error=manifest["error"].reset_index(drop=True).astype(object).fillna(""),
    )


def _rules(limits: Limits) -> list[_Rule]:
    return [
        _Rule("readable", "num_frames_decoded", "{unreadable}", low=1),
        _Rule("unique", "duplicate_of", "is the same file as {duplicate_of}"),
        _Rule(
            "decodes_to_its_end",
            "decoded_share",
            "decodes only {found} of its {duration_seconds:.1f} s{cause}, at least {low} expected",
            low=limits.min_decoded_share,
        ),
        *_amount_rules(limits),
        _share_rule("not_black", "black_share", "is black", limits.max_black_share),
        _share_rule("not_overexposed", "overexposed_share", "is overexposed", limits.max_overexposed_share),
        _share_rule("not_frozen", "frozen_share", "stands still", limits.max_frozen_share),
    ]


def _amount_rules(limits: Limits) -> list[_Rule]:
    return [
        _Rule(
            "enough_frames",
            "num_frames_decoded",
            "has {found} frames, at least {low} expected",
            low=limits.min_frames,
        ),
        _Rule(
            "duration",
            "duration_seconds",
            "lasts {found} s, {low} to {high} s expected",
            low=limits.min_duration_seconds,
            high=limits.max_duration_seconds,
        ),
        _Rule(
            "frame_rate",
            "fps",
            "has {found} frames per second, {low} to {high} expected",
            low=limits.min_fps,
            high=limits.max_fps,
        ),
        _Rule(
            "large_enough",
            "shorter_side_px",
            "is {width} × {height} px, at least {low} px a side expected",
            low=limits.min_size_px,
        ),
    ]


def _share_rule(name: str, column: str, fault: str, limit: float) -> _Rule:
    return _Rule(name, column, fault + " in {found} of its frames, at most {high} expected", high=limit)


def _reason(rule: _Rule, row: dict[str, Any]) -> str:
    error = row["error"] or "no frame decodes"
    unreadable = error if error.startswith("not a readable video") else f"not a readable video ({error})"
    cause = f" ({row['error']})" if row["error"] else ""
    amounts = {"found": row[rule.column], "low": rule.low, "high": rule.high}
    words = {name: _in_words(rule.column, value) for name, value in amounts.items()}
    return rule.reason.format(**row, **words, cause=cause, unreadable=unreadable)


def _in_words(column: str, value: Any) -> str:
    if not isinstance(value, (int, float)):
        return str(value)
    return f"{100 * value:.4g} %" if column.endswith("_share") else f"{value:.7g}"


def _validate(table: pd.DataFrame, rules: list[_Rule], docs_folder: Path | None) -> list[list[int]]:
    """Run the suite in a context of its own; return the positions of the failing rows, rule by rule."""
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


def _expectation(rule: _Rule) -> "Expectation":
    from great_expectations import expectations
    from great_expectations.expectations.row_conditions import Column

    options: dict[str, Any] = {"column": rule.column, "meta": {"name": rule.name}}
    if rule.name != "readable":
        options["row_condition"] = Column("num_frames_decoded") >= 1
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
