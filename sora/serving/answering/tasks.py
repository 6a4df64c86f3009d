"""What a job can do with a video: what the endpoints do, with progress, and however long it is."""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal, TypeAlias

from sora.apps.analysis.analyse import OnProgress
from sora.errors import VideoError
from sora.serving.answering import describing
from sora.serving.answering.current import Current
from sora.serving.answering.engine import Engine, Video
from sora.serving.refusals import RefusedError
from sora.serving.remaking.wish import Wish
from sora.serving.remaking.work import remake
from sora.serving.settings import Limits

Task: TypeAlias = Literal["classify", "tag", "moderate", "summarize", "enhance", "stylize"]


def job_options(video: Video, language: str, wish: Wish | None) -> dict[str, Any]:
    """Return what a job must know beside its file; ``wish`` is what a video is to be made of."""
    about = {"content_hash": video.content_hash, "name": video.name, "language": language}
    return about if wish is None else about | {"wish": asdict(wish)}


def job_work(
    current: Current, limits: Limits
) -> Callable[[str, Path, dict[str, Any], OnProgress], dict[str, Any]]:
    """Return the function that does jobs, for ``JobRunner``; files that it leaves lie beside the video.

    A job ends with the model that answers when it begins.
    """

    def run(task: str, path: Path, options: dict[str, Any], on_progress: OnProgress) -> dict[str, Any]:
        if "wish" in options:  # no model is held for the hours that this may take
            told = remake(path, Wish(**options["wish"]), limits, on_progress)
            return {"content_hash": options["content_hash"], **told}
        video = Video(path, options["content_hash"], options["name"])
        try:
            with current.used() as model:
                return _done(model.engine, task, video, options, on_progress)
        except RefusedError as error:
            raise VideoError(error.message) from error

    return run


def _done(
    engine: Engine, task: str, video: Video, options: dict[str, Any], on_progress: OnProgress
) -> dict[str, Any]:
    if task == "tag":
        return describing.tag(engine, video, on_progress)
    if task == "moderate":
        return describing.moderate(engine, video, on_progress)
    if task == "summarize":
        return describing.summarize_into(engine, video, options["language"], video.path.parent, on_progress)
    return describing.classify(engine, video)
