"""Commands about what is here: the project's state and the machine's."""

import typer

from sora.cli.application import print_lines


def status() -> None:
    """Show what is trained, on what, how good it is, and which stages are stale."""
    from sora.status import status_lines

    print_lines(status_lines())


def doctor() -> None:
    """Check versions, codecs, weights and disk; exit code 1 where something is wrong."""
    from sora.doctor import checks

    found = checks()
    print_lines([f"{'ok ' if check.good else 'BAD'} {check.name:<28} {check.text}" for check in found])
    raise typer.Exit(int(not all(check.good for check in found)))
