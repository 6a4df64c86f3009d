"""``python -m sora.demo FOLDER``: render the synthetic demo data."""

import argparse
import os
import sys
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from sora.demo.dataset import render_dataset
from sora.demo.plan import Settings
from sora.errors import SoraError


def main() -> int:
    """Render the data; return the exit code: 0, or 1 after a message for the user."""
    options = _parse_arguments()
    console = Console(stderr=True)
    try:
        settings = Settings(options.seed, options.actors, options.clips_per_action)
        with Progress(console=console, disable=not sys.stderr.isatty(), transient=True) as progress:
            task = progress.add_task("Rendering demo clips", total=None)
            render_dataset(
                options.folder,
                settings,
                options.workers,
                lambda done, total: progress.update(task, completed=done, total=total),
            )
    except SoraError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _parse_arguments() -> argparse.Namespace:
    defaults = Settings()
    parser = argparse.ArgumentParser(
        prog="python -m sora.demo", description="Render the synthetic demo data."
    )
    parser.add_argument(
        "folder", type=Path, help="where to put it; earlier demo data there is replaced at the end"
    )
    parser.add_argument(
        "--seed", type=int, default=defaults.seed, help="decides every byte (default: %(default)s)"
    )
    parser.add_argument("--actors", type=int, default=defaults.num_actors, help="default: %(default)s")
    parser.add_argument(
        "--clips-per-action",
        type=int,
        default=defaults.clips_per_action,
        help="clips of each action by each actor (default: %(default)s)",
    )
    parser.add_argument(
        "--workers", type=int, default=os.cpu_count() or 1, help="processes (default: %(default)s)"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
