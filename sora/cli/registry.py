"""Commands about which model serves."""

from getpass import getuser
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sora import layout
from sora.cli.application import disk_failure, failure, print_lines

if TYPE_CHECKING:
    from sora.registry.events import Event
    from sora.registry.gate import Decision
    from sora.registry.promotion import Outcome

_HERE = Path()
_SERVES_ON = "the model that served serves on"
_MARKS = {True: "ok ", False: "NO "}


def promote(
    *,
    force: Annotated[
        str, typer.Option(help="Promote whatever the gate says, for this reason.", metavar="REASON")
    ] = "",
    new_holdout: Annotated[
        bool, typer.Option("--new-holdout", help="From now on judge on the test videos that are here.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what the gate says; write nothing.")
    ] = False,
    keep: Annotated[int, typer.Option(min=2, help="Versions to keep for a roll-back.")] = 10,
) -> None:
    """Let the model that is here serve, if it is no worse than the one that does; else say why not.

    The margins are in the section gate of params.yaml. Exit code 1 where the gate refuses.
    """
    from sora.errors import SoraError
    from sora.params import read_section
    from sora.registry.gate import Rules
    from sora.registry.promotion import Wish, consider
    from sora.registry.promotion import promote as promote_candidate
    from sora.status import stale_stages

    try:
        rules = read_section("gate", Rules)
        stale = stale_stages()
        if stale:
            raise SoraError(
                f"what is here is not what dvc.lock says ({', '.join(stale)}); run dvc repro first"
            )
        if dry_run:
            _tell_dry_run(consider(_HERE, rules, new_holdout=new_holdout))
            return
        _tell(promote_candidate(_HERE, rules, Wish(getuser(), force, new_holdout, keep)))
    except SoraError as error:
        raise failure(str(error)) from error
    except OSError as error:
        raise disk_failure(error, _SERVES_ON) from error


def rollback(
    version: Annotated[
        str, typer.Argument(help="Or the beginning of it. [default: the one before]", metavar="[VERSION]")
    ] = "",
    why: Annotated[str, typer.Option(help="Kept in the history.", metavar="REASON")] = "",
    *,
    force: Annotated[
        str,
        typer.Option(help="Even if it learned a video that was removed since.", metavar="REASON"),
    ] = "",
) -> None:
    """Let an earlier model serve again, at once; run it again to go further back."""
    from sora.errors import SoraError
    from sora.registry.rollback import roll_back

    try:
        done = roll_back(_HERE, version, by=getuser(), why=force or why, force=bool(force))
    except SoraError as error:
        raise failure(str(error)) from error
    except OSError as error:
        raise disk_failure(error, _SERVES_ON) from error
    print_lines([f"{done.pointer.version} serves (git tag {done.pointer.tag})"])
    _warn(done.behind)


def history() -> None:
    """Show what served when, who changed it and why; * marks what serves, - what is not kept any more."""
    from sora.errors import SoraError
    from sora.registry.events import history as read_history
    from sora.registry.provenance import tainted

    registry = _HERE / layout.REGISTRY
    try:
        events, removed = read_history(registry), tainted(_HERE, registry)
    except SoraError as error:
        raise failure(str(error)) from error
    print_lines(
        [_line(event, removed.get(event.version, 0)) for event in events]
        or ["no model was promoted yet: sora promote"]
    )


def _line(event: "Event", num_removed: int) -> str:
    mark = "*" if event.serves else " " if event.is_kept or event.event == "rejected" else "-"
    accuracy = "" if event.accuracy is None else f"accuracy {event.accuracy:.3f}"
    words = f"{mark} {event.at}  {event.event:<11}  {event.version:<18}  {accuracy:<14}  by {event.by}"
    words = f"{words}: {event.why}" if event.why else words
    return f"{words} [learned {num_removed} removed since]" if num_removed else words


def _tell_dry_run(decision: "Decision") -> None:
    print_lines(_checks(decision))
    print_lines(["it would be promoted" if decision.passed else "it would be rejected"])
    raise typer.Exit(int(not decision.passed))


def _tell(outcome: "Outcome") -> None:
    if outcome.status != "serving already":
        print_lines(_checks(outcome.decision))
    if outcome.status == "rejected":
        raise failure(
            f"{outcome.version} was rejected and is kept in {outcome.folder}; "
            "the model that served serves on (--force REASON overrules)"
        )
    what = "serves already" if outcome.status == "serving already" else "serves"
    print_lines([f"{outcome.version} {what} ({outcome.folder})"])
    _warn(outcome.behind)


def _checks(decision: "Decision") -> list[str]:
    return [f"{_MARKS[check.passed]} {check.name:<8} {check.sentence}" for check in decision.checks]


def _warn(behind: tuple[str, ...]) -> None:
    for sentence in behind:
        typer.echo(f"warning: {sentence}", err=True)
