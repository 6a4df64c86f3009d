"""Commands that make of the model what runs elsewhere."""

from pathlib import Path
from typing import Annotated

import typer

from sora.cli.application import failure, print_lines

export = typer.Typer(help="Write the model in a form that runs elsewhere.", no_args_is_help=True)


@export.callback()
def _what() -> None:
    """Keep ``edge`` a word of its own while it is the only one."""


@export.command()
def edge(
    folder: Annotated[Path, typer.Argument(help="A new or empty folder.", metavar="DIR")],
    model: Annotated[Path, typer.Option(help="The bundle that compress wrote.")] = Path("models/sora"),
    force: Annotated[bool, typer.Option("--force", help="Replace an earlier export in DIR.")] = False,
) -> None:
    """Write the model for devices that have LiteRT, NumPy and OpenCV: networks, code of the input, runner."""
    from sora.edge.export import export_edge, size_bytes
    from sora.errors import SoraError

    try:
        bundle = export_edge(folder, model, replace=force)
    except SoraError as error:
        raise failure(str(error)) from error
    whole, own = (size_bytes(each) / 1e6 for each in (folder, bundle.folder))
    print_lines(
        [
            f"{folder}: {whole:.1f} MB, of which the model ({bundle.variant}) takes {own:.1f} MB",
            f"run it: python {folder}/predict.py VIDEO...",
        ]
    )
