"""The ``sora`` command: adapts words to calls, and results to lines.

Nothing heavy is imported before a command runs.
"""

from sora.cli.application import app
from sora.cli.export import export
from sora.cli.here import doctor, status
from sora.cli.index import index
from sora.cli.live import watch
from sora.cli.models import compare, report, tune
from sora.cli.retrieval import recommend, search
from sora.cli.videos import inspect, predict, preview

__all__ = ["app"]

# In the order of --help.
for command in (predict, watch, search, recommend, inspect, preview, status, report, compare, tune, doctor):
    app.command()(command)
for name, group in {"index": index, "export": export}.items():
    app.add_typer(group, name=name)
