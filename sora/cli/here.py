"""Commands about what is here: the project's state and the machine's."""

from pathlib import Path

import typer

from sora.cli.application import failure, print_lines

_HERE = Path()


def status() -> None:
    """Show what is trained, on what, how good it is, what serves, and which stages are stale."""
    from sora.errors import SoraError
    from sora.status import status_lines

    try:
        print_lines(status_lines())
    except SoraError as error:
        raise failure(str(error)) from error


def repair() -> None:
    """Put right what a killed run or a full disk left half-written: DVC's own files, and the registry."""
    from sora import layout
    from sora.dvc_repair import repair as repair_dvc
    from sora.errors import SoraError
    from sora.registry.pointer import POINTER
    from sora.registry.writing import repair as repair_registry

    try:
        done = list(repair_dvc(_HERE))
        behind = repair_registry(_HERE) if (_HERE / layout.REGISTRY / POINTER).is_file() else ()
    except (SoraError, OSError) as error:
        raise failure(str(error)) from error
    print_lines([*done, *behind] or ["nothing is half-written"])
    raise typer.Exit(int(bool(behind)))


def doctor() -> None:
    """Check versions, codecs, weights and disk; exit code 1 where something is wrong."""
    from sora.doctor import checks

    found = checks()
    print_lines([f"{'ok ' if check.good else 'BAD'} {check.name:<28} {check.text}" for check in found])
    raise typer.Exit(int(not all(check.good for check in found)))
