"""Commands about what a video holds: tags, moderation, summary."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from sora import layout
from sora.cli.application import failure, print_lines

if TYPE_CHECKING:
    from sora.apps.analysis.content import Analysis
    from sora.apps.analysis.models import Models

_Videos = Annotated[list[Path], typer.Argument(help="Video files.", metavar="VIDEO...")]
_Model = Annotated[Path, typer.Option(help="The bundle that compress wrote.")]
_Cache = Annotated[Path, typer.Option(help="Where what was found in a video is kept.", metavar="FOLDER")]
_Queue = Annotated[Path, typer.Option(help="The review queue.", metavar="FILE")]
_BUNDLE, _CACHED, _QUEUED = layout.BUNDLE, layout.ANALYSES, layout.REVIEW_QUEUE

review = typer.Typer(help="Show and decide what moderation left to a person.", no_args_is_help=True)


def tag(videos: _Videos, model: _Model = _BUNDLE, cache: _Cache = _CACHED) -> None:
    """Name what is seen and when: labels, objects, scenes; one JSON object a line, as predict does."""
    from sora.apps.tagging.tags import as_json, tags

    def answer(video: Path, analysis: "Analysis") -> dict[str, Any]:
        found = {"duration_seconds": analysis.facts.duration_seconds, "tags": as_json(tags(analysis))}
        return found | ({"no_objects": analysis.no_objects} if analysis.no_objects else {})

    _answer_all(videos, _loaded(model), cache, answer)


def moderate(
    videos: _Videos,
    policy: Annotated[Path, typer.Option(help="What is allowed (YAML).", metavar="FILE")],
    model: _Model = _BUNDLE,
    cache: _Cache = _CACHED,
    queue: _Queue = _QUEUED,
) -> None:
    """Allow, review or block videos by a policy, with reasons and times; one JSON object a line.

    Videos to review go into the queue; the exit code is 0 only if every video could be judged.
    """
    from sora.apps.moderation.judging import check_models, judge
    from sora.apps.moderation.policy import read_policy
    from sora.errors import SoraError

    try:
        rules = read_policy(policy)
        models = _loaded(model)
        check_models(rules, models, policy)
    except SoraError as error:
        raise failure(str(error)) from error
    _answer_all(videos, models, cache, lambda video, analysis: judge(video, analysis, rules, queue))


@review.command("list")
def list_review(
    queue: _Queue = _QUEUED,
    everything: Annotated[bool, typer.Option("--all", help="What is decided, too.")] = False,
) -> None:
    """Print what waits for a decision, one JSON object a line."""
    from sora.apps.moderation.queue import all_items, waiting
    from sora.errors import SoraError

    try:
        items = all_items(queue) if everything else waiting(queue)
    except SoraError as error:
        raise failure(str(error)) from error
    for item in items:
        print(json.dumps(item.as_json(), ensure_ascii=False))


@review.command()
def decide(
    identifier: Annotated[str, typer.Argument(help="The id that list shows.", metavar="ID")],
    decision: Annotated[Literal["allow", "block"], typer.Argument()],
    *,
    by: Annotated[str, typer.Option(help="Who decides.")] = "",
    note: Annotated[str, typer.Option(help="Why.")] = "",
    overrule: Annotated[bool, typer.Option("--overrule", help="Decide anew what is decided.")] = False,
    queue: _Queue = _QUEUED,
) -> None:
    """Allow or block a video of the queue; on return that is on the disk."""
    from sora.apps.moderation.queue import decide as decide_item
    from sora.errors import SoraError

    try:
        item = decide_item(queue, identifier, decision, by=by, note=note, overrule=overrule)
    except SoraError as error:
        raise failure(str(error)) from error
    print(json.dumps(item.as_json(), ensure_ascii=False))


def threshold(
    wanted: Annotated[Path, typer.Argument(help="Folder of videos that must be found.", metavar="WANTED")],
    others: Annotated[Path, typer.Argument(help="Folder of videos that must not be.", metavar="OTHERS")],
    *,
    score: Annotated[str, typer.Option(help="nsfw, label:NAME or tag:NAME, as in a policy.")] = "nsfw",
    recall: Annotated[float, typer.Option(help="Share of WANTED to be found, above 0, at most 1.")] = 0.95,
    model: _Model = _BUNDLE,
    cache: _Cache = _CACHED,
) -> None:
    """Choose the threshold of a moderation rule, on videos of your own that the model has not seen."""
    from sora.apps.analysis.cache import cached_analysis
    from sora.apps.moderation.scores import highest_score, read_score, videos_in
    from sora.apps.moderation.threshold import threshold_for_recall
    from sora.errors import SoraError, VideoError

    scores: list[float] = []
    try:
        meant, models = read_score(score), _loaded(model)
        positives, negatives = videos_in(wanted), videos_in(others)
        for video in [*positives, *negatives]:
            try:
                scores.append(highest_score(cached_analysis(video, models, cache), meant))
            except VideoError as error:
                raise SoraError(f"{video}: {error}; take it out of the folder") from error
        is_positive = [True] * len(positives) + [False] * len(negatives)
        chosen = threshold_for_recall(scores, is_positive, recall)
    except SoraError as error:
        raise failure(str(error)) from error
    print_lines([chosen.text])


def summarize(
    video: Annotated[Path, typer.Argument(help="A video file.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Where to write.", metavar="DIR")],
    language: Annotated[Literal["en", "zh"], typer.Option(help="Of the text: English or Chinese.")] = "en",
    model: _Model = _BUNDLE,
    cache: _Cache = _CACHED,
) -> None:
    """Tell a video in short: a storyboard, a highlight video, and a text, which is printed too."""
    from sora.apps.analysis.cache import cached_analysis
    from sora.apps.summary.write import write_summary
    from sora.errors import SoraError, VideoError

    models = _loaded(model)
    try:
        analysis = cached_analysis(video, models, cache)
        record = write_summary(video, models.predictor.guard, analysis, output, language)
    except VideoError as error:
        raise failure(f"{video}: {error}") from error
    except SoraError as error:
        raise failure(str(error)) from error
    print_lines([record["text"], str(output)])


def _loaded(model: Path) -> "Models":
    from sora.apps.analysis.models import load_models
    from sora.errors import SoraError

    try:
        return load_models(model)
    except SoraError as error:
        raise failure(str(error)) from error


def _answer_all(
    videos: list[Path], models: "Models", cache: Path, answer: "Callable[[Path, Analysis], dict[str, Any]]"
) -> None:
    from sora.apps.analysis.cache import cached_analysis
    from sora.errors import SoraError

    failed = False
    for video in videos:
        line: dict[str, Any] = {"video": str(video)}
        try:
            analysis = cached_analysis(video, models, cache)
            line |= answer(video, analysis)
            line |= {"warning": analysis.warning} if analysis.warning else {}
        except SoraError as error:
            failed = True
            line["error"] = str(error)
        print(json.dumps(line, ensure_ascii=False), flush=True)
    raise typer.Exit(int(failed))
