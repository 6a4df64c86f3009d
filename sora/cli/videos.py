"""Commands about video files."""

import json
from pathlib import Path
from typing import Annotated

import typer

from sora.cli.application import failure


def predict(
    videos: Annotated[list[Path], typer.Argument(help="Video files.", metavar="VIDEO...")],
    model: Annotated[Path, typer.Option(help="The bundle that compress wrote.")] = Path("models/sora"),
) -> None:
    """Classify videos: one JSON object a line; exit code 0 only if every video was predicted.

    sora lineage tells by a prediction's id where its model came from, and whether it knew the video.
    """
    from sora.errors import SoraError
    from sora.predictor import Predictor, prediction_id
    from sora.sources.hashes import content_hash

    try:
        predictor = Predictor(model)
    except SoraError as error:
        raise failure(str(error)) from error
    failed = False
    for video in videos:
        answer: dict[str, object] = {"video": str(video)}
        try:
            answer |= predictor.answer(video)
            answer["prediction_id"] = prediction_id(content_hash(video), predictor.bundle.version)
        except SoraError as error:
            failed = True
            answer["error"] = str(error)
        print(json.dumps(answer, ensure_ascii=False), flush=True)
    raise typer.Exit(int(failed))


def inspect(
    video: Annotated[Path, typer.Argument(help="A video file.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Show the decoded facts of a video; exit code 1 where it is not wholly readable."""
    from dataclasses import asdict

    from sora.errors import VideoError
    from sora.guard import Guard
    from sora.video.probe import VideoFacts, probe

    with Guard() as guard:
        try:
            found = guard.call(probe, video)
        except VideoError as error:
            found = VideoFacts(error=str(error))
    facts = asdict(found)
    if not facts["error"]:
        del facts["error"]
    if as_json:
        print(json.dumps(facts, ensure_ascii=False))
    else:
        width = max(map(len, facts))
        for name, value in facts.items():
            if not name.endswith("_hashes"):  # hundreds of digits that say nothing to a person
                print(f"{name.replace('_', ' '):<{width}}  {value}")
    raise typer.Exit(int("error" in facts))


def preview(
    source: Annotated[str, typer.Argument(help="A video, a folder of videos, or a label.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The PNG to write.")] = Path("preview.png"),
    videos: Annotated[int, typer.Option(min=1, max=20, help="The most videos to show.")] = 4,
    views: Annotated[int, typer.Option(min=0, max=20, help="Augmented views of each video.")] = 2,
) -> None:
    """Draw a contact sheet of videos before and after cleaning and augmentation, as params.yaml has it."""
    from sora.errors import SoraError
    from sora.params import read_section
    from sora.preview.command import write_preview
    from sora.preview.content import Recipe
    from sora.stages import extract, preprocess

    try:
        augment = read_section("extract", extract.Params).augment
        recipe = Recipe(
            read_section("preprocess", preprocess.Params), augment, read_section("seed", int), views
        )
        unreadable = write_preview(source, recipe, videos, output)
    except SoraError as error:
        raise failure(str(error)) from error
    for line in unreadable:
        typer.echo(f"left out: {line}", err=True)
    print(output)
