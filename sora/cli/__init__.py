"""The ``sora`` command: adapts words to calls, and results to lines.

Nothing heavy is imported before a command runs.
"""

from collections.abc import Callable

from sora.cli.application import app
from sora.cli.apps import moderate, review, summarize, tag, threshold
from sora.cli.drift import drift
from sora.cli.enhance import enhance
from sora.cli.export import export
from sora.cli.forget import forget
from sora.cli.here import doctor, repair, status
from sora.cli.incoming import take_in
from sora.cli.index import index
from sora.cli.lineage import lineage
from sora.cli.live import watch
from sora.cli.models import compare, report, tune, update
from sora.cli.registry import history, promote, rollback
from sora.cli.retrieval import recommend, search
from sora.cli.stylize import styles, stylize
from sora.cli.up import down, up
from sora.cli.videos import inspect, predict, preview

__all__ = ["app"]

# In the order of --help.
_PANELS: dict[str, tuple[Callable[..., None], ...]] = {
    "Videos": (
        predict,
        watch,
        tag,
        summarize,
        moderate,
        threshold,
        search,
        recommend,
        inspect,
        preview,
        take_in,
        enhance,
        stylize,
        styles,
    ),
    "Models": (
        status,
        report,
        compare,
        drift,
        tune,
        update,
        promote,
        rollback,
        history,
        lineage,
        forget,
    ),
    "This machine": (doctor, repair, up, down),
}
for panel, commands in _PANELS.items():
    for command in commands:
        app.command(rich_help_panel=panel)(command)
app.add_typer(index, name="index", rich_help_panel="Videos")
app.add_typer(review, name="review", rich_help_panel="Videos")
app.add_typer(export, name="export", rich_help_panel="Models")
