"""What all commands share: the application, and how a command ends that cannot do what it was asked."""

from typing import Annotated

import typer

from sora import __version__

app = typer.Typer(
    help="Video understanding from a folder of labelled videos: versioned, measured, compressed, served.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _version(wanted: bool) -> None:
    if wanted:
        print(__version__)
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[bool, typer.Option("--version", callback=_version, help="Print the version.")] = False,
) -> None:
    """Carry the options that stand before a command."""


def print_lines(lines: list[str]) -> None:
    """Print lines to standard output."""
    print("\n".join(lines))


def failure(message: str) -> typer.Exit:
    """Tell an error; the exit that is returned is to be raised."""
    typer.echo(f"error: {message}", err=True)
    return typer.Exit(1)


def disk_failure(error: OSError, then: str) -> typer.Exit:
    """Say what the disk refuses, of which file, and what follows; the command ends with 1."""
    file = f" ({error.filename})" if error.filename else ""
    return failure(f"the disk refuses: {error.strerror}{file}; {then}")
