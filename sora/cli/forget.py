"""The command about videos that must go."""

import os
from getpass import getuser
from pathlib import Path
from typing import Annotated

import typer

from sora import layout
from sora.cli.application import disk_failure, failure, print_lines

_HERE = Path()


def forget(
    videos: Annotated[
        list[str],
        typer.Argument(help="Files, paths of the manifest, or content hashes.", metavar="VIDEO..."),
    ],
    *,
    why: Annotated[str, typer.Option(help="Kept in data/forgotten.csv.", metavar="REASON")] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be done; delete nothing.")
    ] = False,
) -> None:
    """Delete videos for good, as when the law wants it; says which models saw them and what is left to do."""
    from sora.errors import SoraError
    from sora.provenance.tracing import Known
    from sora.registry.pointer import read_pointer
    from sora.removal.carrying_out import Request, carry_out
    from sora.removal.plan import make_plan
    from sora.removal.words import next_lines, plan_lines
    from sora.serving.settings import read_settings

    registry = _HERE / layout.REGISTRY
    try:
        plan = make_plan(videos, Known(_HERE, registry), read_settings(os.environ).state)
        pointer = read_pointer(registry)
        print_lines(plan_lines(plan, pointer.version if pointer else ""))
        if dry_run:
            return
        if not yes:
            typer.confirm("Delete all of this? It cannot be undone", abort=True)
        carry_out(plan, _HERE, Request(getuser(), why))
        print_lines(next_lines(plan))
    except SoraError as error:
        raise failure(str(error)) from error
    except OSError as error:
        raise disk_failure(error, "mend that and ask again") from error
