"""Commands that keep the index of videos."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sora.cli.application import failure, print_lines
from sora.cli.retrieval import DEFAULT_INDEX, DEFAULT_MODEL, IndexFile, Model, print_json

if TYPE_CHECKING:
    from sora.apps.index.store import VideoIndex

Names = Annotated[list[str], typer.Argument(help="As sora index show names them.", metavar="VIDEO...")]

index = typer.Typer(help="The index that sora search and sora recommend look in.", no_args_is_help=True)


@index.command()
def build(file: IndexFile = DEFAULT_INDEX, model: Model = DEFAULT_MODEL) -> None:
    """Index the project's videos from their stored features; embed added files again after a new model."""
    from dataclasses import asdict

    from sora.apps.index.project import build_index
    from sora.apps.index.videos import BundleDescriber
    from sora.bundle import read_bundle
    from sora.errors import SoraError
    from sora.params import Runtime, read_section

    try:
        runtime = read_section("runtime", Runtime)
        built = build_index(file, read_bundle(model), runtime, BundleDescriber(model))
    except SoraError as error:
        raise failure(str(error)) from error
    told = [f"{file}: {built.num_videos} videos of the project, {built.num_put} new or changed"]
    print_lines(told + [f"removed: {video}" for video in built.removed])
    for lost in built.failed:
        print_json(asdict(lost))
    raise typer.Exit(int(bool(built.failed)))


@index.command()
def add(
    videos: Annotated[list[Path], typer.Argument(help="Video files.", metavar="VIDEO...")],
    file: IndexFile = DEFAULT_INDEX,
    model: Model = DEFAULT_MODEL,
) -> None:
    """Put video files into the index: one JSON object a line; exit code 0 only if all are in it."""
    from sora.apps.index.store import create_index
    from sora.bundle import read_bundle
    from sora.errors import SoraError

    try:
        failed = _add(create_index(file, read_bundle(model).version), videos, model)
    except SoraError as error:
        raise failure(str(error)) from error
    raise typer.Exit(int(failed))


@index.command()
def remove(videos: Names, file: IndexFile = DEFAULT_INDEX) -> None:
    """Take videos out of the index; exit code 1 where one was not in it."""
    from sora.apps.index.store import open_index
    from sora.errors import SoraError

    try:
        removed = set(open_index(file).remove(videos))
    except SoraError as error:
        raise failure(str(error)) from error
    for video in videos:
        print_json({"video": video, "outcome": "removed" if video in removed else "not in the index"})
    raise typer.Exit(int(not removed.issuperset(videos)))


@index.command()
def tag(
    videos: Names,
    tag: Annotated[list[str], typer.Option(help="May be repeated.")],
    file: IndexFile = DEFAULT_INDEX,
) -> None:
    """Give videos of the index these tags in place of those they have; exit code 1 where one is not in it."""
    from sora.apps.index.store import open_index
    from sora.errors import SoraError

    try:
        found = set(open_index(file).set_tags(dict.fromkeys(videos, tag)))
    except SoraError as error:
        raise failure(str(error)) from error
    for video in videos:
        print_json({"video": video, "outcome": "tagged" if video in found else "not in the index"})
    raise typer.Exit(int(not found.issuperset(videos)))


@index.command()
def show(file: IndexFile = DEFAULT_INDEX) -> None:
    """Print every video of the index: one JSON object a line."""
    from dataclasses import asdict

    from sora.apps.index.store import open_index
    from sora.errors import SoraError

    try:
        entries = open_index(file).entries()
    except SoraError as error:
        raise failure(str(error)) from error
    for entry in entries.values():
        print_json(asdict(entry))


def _add(opened: "VideoIndex", videos: list[Path], model: Path) -> bool:
    """Put files in and tell of each; return whether one failed."""
    from dataclasses import asdict

    from sora.apps.index.videos import BundleDescriber, add_videos

    failed = False
    for added in add_videos(opened, videos, BundleDescriber(model)):
        failed |= added.outcome == "failed"
        print_json({name: value for name, value in asdict(added).items() if value})
    return failed
