"""A comparison for the terminal: the answer, then tables."""

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from sora.comparison.words import notes, sentence
from sora.evaluation.comparison import Comparison

_MAX_FLIPS = 20
_STYLES = {"better": "bold green", "worse": "bold red", "no difference shown": "bold"}


def show(found: Comparison, console: Console) -> None:
    """Print the answer, the metrics that changed, each class, and the videos that flipped."""
    console.print(Text(sentence(found), _STYLES[found.verdict]))
    for note in notes(found):
        console.print(Text(note))
    for table in (_metrics(found), _classes(found), _flips(found)):
        console.print()
        console.print(table)


def _metrics(found: Comparison) -> RenderableType:
    changed = [row for row in found.metrics if row.difference != 0]
    num_same = len(found.metrics) - len(changed)
    if not changed:
        return Text(f"All {num_same} metrics are the same.")
    table = _table(
        "Metrics, each of all the videos that a side held out", "metric", found.before, found.after
    )
    table.add_column("difference", justify="right")
    for row in changed:
        difference = "" if row.difference is None else f"{row.difference:+.4g}"
        table.add_row(Text(row.name), _number(row.before), _number(row.after), difference)
    return Group(table, Text(f"{num_same} more are the same.", "dim")) if num_same else table


def _classes(found: Comparison) -> RenderableType:
    table = _table("Labels, on the same videos", "label", "videos", "recall", "", "F1", "")
    for row in found.classes:
        table.add_row(
            Text(row.label),
            str(row.num_videos),
            f"{row.recall_before:.3f} > {row.recall_after:.3f}",
            _change(row.recall_after - row.recall_before),
            f"{row.f1_before:.3f} > {row.f1_after:.3f}",
            _change(row.f1_after - row.f1_before),
        )
    return table


def _flips(found: Comparison) -> RenderableType:
    if not found.flips:
        return Text("No video became right or wrong.")
    title = "Videos that became right or wrong, and the probability of their label"
    table = _table(title, "video", "label", found.before, "", found.after, "")
    for flip in found.flips[:_MAX_FLIPS]:
        table.add_row(
            Text(flip.path),
            Text(flip.label),
            Text(flip.predicted_before, "" if flip.is_gain else "green"),
            f"{flip.probability_before:.2f}",
            Text(flip.predicted_after, "green" if flip.is_gain else "red"),
            f"{flip.probability_after:.2f}",
        )
    num_more = len(found.flips) - _MAX_FLIPS
    return Group(table, Text(f"{num_more} more: see --json.", "dim")) if num_more > 0 else table


def _table(title: str, first: str, *others: str) -> Table:
    table = Table(title=Text(title), title_justify="left", show_edge=False)
    table.add_column(Text(first), overflow="fold")
    for name in others:
        table.add_column(Text(name), overflow="fold", justify="right")
    return table


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.4g}"


def _change(value: float) -> Text:
    style = "" if abs(value) < 0.0005 else "green" if value > 0 else "red"
    return Text(f"{value:+.3f}" if style else "", style)
