"""Commands about new videos."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from sora.cli.application import failure, print_lines

if TYPE_CHECKING:
    from sora.incoming.taking import Request, TakenIn


def take_in(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Take in the videos of data/incoming/LABEL/ and the service's feedback; set aside what is not fit.

    The limits are those of validate, the folders are in the section incoming of params.yaml.
    """
    from sora.errors import SoraError
    from sora.incoming.taking import take_in as take_in_videos

    try:
        done = take_in_videos(request_here())
    except SoraError as error:
        raise failure(str(error)) from error
    print_lines([json.dumps(done.as_json())] if as_json else told(done))


def request_here() -> "Request":
    """Return what params.yaml of this folder says of new videos.

    Raises:
        SoraError: a section of it is not as it should be, or the source is no folder of this machine.
    """
    from dataclasses import asdict
    from pathlib import Path

    from sora.errors import SoraError
    from sora.incoming.checking import VideoRules
    from sora.incoming.source import SourceRules
    from sora.incoming.taking import Params, Request
    from sora.params import Runtime, read_section
    from sora.sources.videos import is_url
    from sora.stages import ingest, validate

    listing = read_section("ingest", ingest.Params)
    if is_url(listing.source):
        raise SoraError(
            f"ingest.source is {listing.source}: put new videos into that storage; the next run lists them"
        )
    limits = read_section("validate", validate.Params)
    return Request(
        read_section("incoming", Params),
        SourceRules(Path(listing.source), listing.split_column, listing.group_column, listing.group_pattern),
        VideoRules(validate.limits_of(limits), asdict(limits.severity)),
        read_section("runtime", Runtime),
    )


def told(done: "TakenIn") -> list[str]:
    """Return what became of each video, a line each."""
    lines = [f"taken in: {place}" for place in done.taken]
    lines += [f"set aside: {each.file}: {each.reason}" for each in done.set_aside]
    lines += [f"left: {file}: {why}" for file, why in done.left]
    if done.is_tracked:
        lines.append("DVC keeps this version of the source; commit its .dvc file, then dvc repro")
    elif done.is_tracked is False:
        lines.append("the source lies outside of this project, so that DVC keeps no versions of it")
    return lines or ["nothing new"]
