"""Commands that find videos: search and recommendation."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sora.cli.application import failure

if TYPE_CHECKING:
    from sora.apps.index.videos import Describe
    from sora.apps.search.search import Hit, Searcher, Words

IndexFile = Annotated[Path, typer.Option("--index", metavar="FILE", help="The index.")]
Model = Annotated[Path, typer.Option(help="The bundle that compress wrote.")]
Top = Annotated[int, typer.Option(min=1, help="How many videos to name at most.")]
DEFAULT_INDEX, DEFAULT_MODEL = Path("models/search.db"), Path("models/sora")


def print_json(answer: dict[str, Any]) -> None:
    """Print one object as one line."""
    print(json.dumps(answer, ensure_ascii=False), flush=True)


def search(
    videos: Annotated[list[Path] | None, typer.Argument(help="Examples.", metavar="[VIDEO]...")] = None,
    *,
    label: Annotated[
        list[str] | None, typer.Option(help="Words of labels, all of which a video must have.")
    ] = None,
    tag: Annotated[list[str] | None, typer.Option(help="Words of tags, likewise.")] = None,
    file: IndexFile = DEFAULT_INDEX,
    top: Top = 10,
    model: Model = DEFAULT_MODEL,
) -> None:
    """Find videos like an example, or with words of their labels or tags: one JSON object a query.

    Words have no case, and the beginning of a word is enough. An example that is in the index is not decoded.
    """
    from sora.apps.index.videos import BundleDescriber
    from sora.apps.search.search import Searcher, Words
    from sora.bundle import read_bundle
    from sora.errors import SoraError

    words = Words(tuple(label or ()), tuple(tag or ()))
    try:
        searcher = Searcher(file, read_bundle(model).version if videos else None)
        if not videos:
            asked = {"labels": list(words.labels), "tags": list(words.tags)}
            print_json({**asked, "results": _results(searcher.with_words(words, top))})
            return
    except SoraError as error:
        raise failure(str(error)) from error
    failed = False
    describe = BundleDescriber(model)
    for video in videos:
        try:
            print_json(
                {"video": str(video), "results": _results(_like(searcher, video, words, top, describe))}
            )
        except SoraError as error:
            failed = True
            print_json({"video": str(video), "error": str(error)})
    raise typer.Exit(int(failed))


def recommend(
    *,
    history: Annotated[
        Path, typer.Option(metavar="FILE", help="CSV: user, video, time; if you can, rating and completion.")
    ],
    user: Annotated[
        list[str] | None, typer.Option(help="Whom for; may be repeated. [default: someone new]")
    ] = None,
    file: IndexFile = DEFAULT_INDEX,
    top: Top = 10,
    half_life_days: Annotated[float, typer.Option(min=0.01, help="After which interest counts half.")] = 30,
    diversity: Annotated[
        float, typer.Option(min=0, max=1, help="How much a video loses for being like one above it.")
    ] = 0.1,
) -> None:
    """Recommend videos that a user has not watched, by what was watched: one JSON object a user."""
    from sora.apps.index.store import open_index
    from sora.apps.recommend.history import read_history
    from sora.apps.recommend.plan import Plan
    from sora.apps.recommend.recommender import Recommender
    from sora.errors import SoraError

    try:
        plan = Plan(half_life_days=half_life_days, diversity=diversity)
        recommender = Recommender.of_index(open_index(file), read_history(history), plan)
        whom = user or (None,)
        answers = [recommender.recommend(each, top) for each in whom]
    except SoraError as error:
        raise failure(str(error)) from error
    for answer in answers:
        print_json(answer.as_json())


def _like(searcher: "Searcher", video: Path, words: "Words", top: int, describe: "Describe") -> "list[Hit]":
    from sora.apps.index.videos import file_hash

    found = searcher.like_video(file_hash(video), top, words)
    return searcher.like(describe(video).vector, top, words) if found is None else found


def _results(hits: "list[Hit]") -> list[dict[str, Any]]:
    """Return what a user is told of each hit."""
    return [
        {
            "video": hit.entry.video,
            **({} if hit.similarity is None else {"similarity": round(hit.similarity, 4)}),
            "labels": list(hit.entry.labels),
            "tags": list(hit.entry.tags),
            "file": hit.entry.file,
        }
        for hit in hits
    ]
