"""Commands about a Prefect server for this folder; Prefect itself is left to the flows, in a child."""

import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from sora.cli.application import failure


def up(
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="Of the server. [default: 4200]")] = None,
) -> None:
    """Start a Prefect server and a worker for this folder, with the schedules of prefect.yaml."""
    _flows("up", *(["--port", str(port)] if port else []))


def down() -> None:
    """Stop what sora up started, and the runs that are at work."""
    _flows("down")


def _flows(*words: str) -> None:
    if not Path("prefect.yaml").is_file():
        raise failure("there is no prefect.yaml here; run from the folder of the project")
    raise typer.Exit(subprocess.run([sys.executable, "-m", "flows.local", *words], check=False).returncode)
