"""What the service says of one video: each answer is made once for a content, a model and its options."""

from itertools import pairwise
from pathlib import Path
from typing import Any

from sora.apps.analysis.analyse import OnProgress
from sora.apps.moderation.judging import queued
from sora.apps.moderation.verdict import moderate as judged
from sora.apps.summary.highlights import write_highlights
from sora.apps.summary.words import Language
from sora.apps.summary.write import HIGHLIGHTS, STORYBOARD, draw_storyboard, summarise
from sora.atomic import copy_file, write_bytes
from sora.serving.answering.engine import Engine, Video
from sora.serving.answering.pictures import bytes_of, data_url, pictures_at
from sora.serving.answering.saliency import told_saliency
from sora.serving.answering.telling import told_shots, told_tags, told_warning
from sora.video.probe import declared_seconds
from sora.video.read import Window

PREVIEW_SECONDS = 300.0
_PIECE_SECONDS = 4.0  # of a preview, decoded at once
_ANALYSIS_SHARE = 0.9  # of the time that a summary takes


def classify(engine: Engine, video: Video) -> dict[str, Any]:
    """Return label and probabilities."""
    return engine.about(video, engine.models.predictor.told(engine.prediction(video)))


def embed(engine: Engine, video: Video) -> dict[str, Any]:
    """Return the embedding, numbers of length 1 together."""
    return engine.about(video, {"embedding": engine.prediction(video).embedding.tolist()})


def tag(engine: Engine, video: Video, on_progress: OnProgress | None = None) -> dict[str, Any]:
    """Return what is seen and when."""
    return engine.about(video, told_tags(engine.analysis(video, on_progress)))


def moderate(engine: Engine, video: Video, on_progress: OnProgress | None = None) -> dict[str, Any]:
    """Return what the policy says; a video to review is kept, and put into the queue under that name."""
    analysis, state = engine.analysis(video, on_progress), engine.settings.state
    kept = state / "review" / video.content_hash
    verdict = judged(analysis, engine.policy)
    if verdict.action == "review" and not kept.exists():
        copy_file(video.path, kept)  # before the queue names it
    told = queued(verdict, kept, analysis, engine.policy, state / "review.jsonl")
    return engine.about(video, told | told_warning(analysis))


def summarize(
    engine: Engine, video: Video, language: Language, on_progress: OnProgress | None = None
) -> dict[str, Any]:
    """Return a text, key frames and the storyboard."""

    def compute() -> dict[str, Any]:
        analysis = engine.analysis(video, on_progress)
        summary = summarise(analysis, language)
        moments = [frame.seconds for frame in summary.key_frames.frames]
        pictures = pictures_at(video.path, engine.guard, moments)
        board = draw_storyboard(video.path, engine.guard, analysis, summary, title=video.name)
        return {
            "text": summary.text,
            "language": language,
            "shots": told_shots(analysis),
            "key_frames": [
                {"time_seconds": round(moment, 3), "image": picture}
                for moment, picture in zip(moments, pictures, strict=True)
            ],
            "storyboard": data_url(board, "png"),
            **told_warning(analysis),
        }

    return engine.about(video, engine.kept(f"summary-{language}-{video.name}", video, compute))


def summarize_into(
    engine: Engine, video: Video, language: Language, folder: Path, on_progress: OnProgress
) -> dict[str, Any]:
    """Write storyboard and highlights into ``folder``; return what ``summarize`` does, and their names."""
    analysis = engine.analysis(video, lambda share: on_progress(_ANALYSIS_SHARE * share))
    told = summarize(engine, video, language, on_progress)
    write_bytes(folder / STORYBOARD, bytes_of(told["storyboard"]))
    shown = summarise(analysis, language).highlights
    no_sound = write_highlights(video.path, engine.guard, shown, folder / HIGHLIGHTS)
    warning = {"warning": no_sound} if no_sound else {}
    return {**warning, **told, "files": [STORYBOARD, HIGHLIGHTS]}


def explain(engine: Engine, video: Video) -> dict[str, Any]:
    """Return what the label hung on, as pictures."""
    engine.prediction(video)  # refuses what is too long, and cannot be judged, as everywhere

    def compute() -> dict[str, Any]:
        seconds = engine.guard.call(declared_seconds, video.path)
        return told_saliency(video.path, engine.guard, engine.explainer, seconds)

    return engine.about(video, engine.kept("saliency", video, compute))


def preview(engine: Engine, video: Video, target: Path) -> None:
    """Write a small copy, H.264 in MP4, of the first minutes: browsers play few formats."""
    engine.prediction(video)
    seconds = min(engine.guard.call(declared_seconds, video.path), PREVIEW_SECONDS)
    count = max(1, round(seconds / _PIECE_SECONDS))
    edges = [place * seconds / count for place in range(count)] + [seconds + 1.0]
    pieces = [Window(start, end) for start, end in pairwise(edges)]
    write_highlights(video.path, engine.guard, pieces, target)
