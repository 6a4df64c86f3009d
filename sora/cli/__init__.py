"""The ``sora`` command: adapts words to calls, and results to lines.

Nothing heavy is imported before a command runs.
"""

from sora.cli.application import app
from sora.cli.apps import moderate, review, summarize, tag
from sora.cli.here import doctor, status
from sora.cli.models import compare, report, tune
from sora.cli.videos import inspect, predict, preview

__all__ = ["app"]

# In the order of --help.
for command in (predict, inspect, preview, tag, moderate, summarize, status, report, compare, tune, doctor):
    app.command()(command)
app.add_typer(review, name="review")
