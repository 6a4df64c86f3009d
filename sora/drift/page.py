"""The report of drift: one HTML page that needs no network."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from sora.drift.alarm import Alarm
from sora.drift.compare import Difference, Drift
from sora.drift.describe import Mix, Numbers, described
from sora.drift.words import headline, plain_name, sentences, written_p_value
from sora.evaluation.embedding_map import embedding_map
from sora.report import charts
from sora.report import embedding_map as drawn_map
from sora.report.charts import Chart, Series
from sora.report.formats import data_uri, significant
from sora.report.templating import environment_of

MAX_CURVES = 6
STRIP_WIDTH, STRIP_HEIGHT = 220, 34
_REFERENCE, _WINDOW = "reference", "window"
_MARGIN = 4


@dataclass(frozen=True)
class Row:
    """A property in the table: what it is, and a strip of quantiles where it is a number.

    ``strip`` has the places of 5, 25, 50, 75 and 95 % in units of the picture, of the reference and of the
    window; ``values`` are what is written of each.
    """

    difference: Difference
    title: str
    values: tuple[str, str]
    strip: tuple[tuple[float, ...], tuple[float, ...]] | None


def render_drift(drift: Drift, raised: Alarm, not_judged: Mapping[str, str]) -> str:
    """Return the page as HTML; equal input gives an equal page. Text of the videos is escaped."""
    environment = environment_of(autoescape=True)
    environment.globals.update(charts=charts, embedding_map=drawn_map)
    environment.filters.update(p_value=written_p_value, data_uri=data_uri)
    drawn, method = _map(drift)
    return environment.get_template("drift.html.jinja").render(
        drift=drift,
        raised=raised,
        headline=headline(drift),
        sentences=sentences(drift),
        rows=[_row(drift, each) for each in drift.differences],
        strip={"width": STRIP_WIDTH, "height": STRIP_HEIGHT},
        curves=_curves(drift),
        mixes=_mixes(drift),
        drawn=drawn,
        method=method,
        not_judged=not_judged,
    )


def _row(drift: Drift, difference: Difference) -> Row:
    found, title = described(drift, difference), plain_name(difference)
    if not isinstance(found, Numbers):
        return Row(difference, title, ("", ""), None)
    middle = len(found.reference) // 2
    values = significant(found.reference[middle]), significant(found.window[middle])
    return Row(difference, title, values, (_places(found.reference, found), _places(found.window, found)))


def _places(quantiles: tuple[float, ...], found: Numbers) -> tuple[float, ...]:
    both = (*found.reference, *found.window)
    low, length = min(both), max(both) - min(both)
    inner = STRIP_WIDTH - 2 * _MARGIN
    return tuple(
        round(_MARGIN + inner * ((value - low) / length if length else 0.5), 1) for value in quantiles
    )


def _curves(drift: Drift) -> list[Chart]:
    """Return cumulative curves of the numbers that moved, the largest effect first."""
    found = [(each, described(drift, each)) for each in drift.moved]
    return [_curve(each, both) for each, both in found if isinstance(both, Numbers)][:MAX_CURVES]


def _curve(difference: Difference, both: Numbers) -> Chart:
    ends = (*both.reference_curve, *both.window_curve)
    low, length = min(ends), max(ends) - min(ends)
    shares = np.linspace(0, 1, len(both.window_curve)).tolist()
    title = plain_name(difference)

    def series(side: str, curve: tuple[float, ...]) -> Series:
        positions = [(value - low) / length for value in curve]
        return Series(side, positions, shares, look="main" if side == _WINDOW else "other")

    return Chart(
        title=title.capitalize(),
        description=f"Share of videos with at most this {title}, of the reference and of the window",
        x_title="share of videos with at most this",
        x_ticks=[(place, significant(low + place * length)) for place in (0, 0.5, 1)],
        series=(series(_REFERENCE, both.reference_curve), series(_WINDOW, both.window_curve)),
    )


def _mixes(drift: Drift) -> list[tuple[str, Mix]]:
    """Return the mix of labels, and that of each category that moved."""
    shown = [each for each in drift.differences if each.name == "label" or each in drift.moved]
    found = [(plain_name(each), described(drift, each)) for each in shown]
    return [(title, both) for title, both in found if isinstance(both, Mix)]


def _map(drift: Drift) -> tuple[Any, str]:
    """Return all videos on one map, and the name of the method."""
    ends = ((_REFERENCE, drift.reference), (_WINDOW, drift.window))
    places, method = embedding_map(np.concatenate([end.embeddings for _, end in ends]))
    videos = [
        {"path": f"{name}, named {label}", "label": side, "predicted": side}
        for side, end in ends
        for name, label in zip(end.names, end.labels, strict=True)
    ]
    rows = [{**video, "x": x, "y": y} for video, (x, y) in zip(videos, places.tolist(), strict=True)]
    return drawn_map.embedding_map(rows), method
