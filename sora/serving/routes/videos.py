"""Endpoints that say something of one video."""

from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from starlette.background import BackgroundTask
from starlette.responses import FileResponse

from sora.serving.answering import describing
from sora.serving.routes.access import VIDEO_ERRORS, GivenParts, GivenVideo, video_body
from sora.serving.routes.answer_types import Classification, Embedding, Explanation, Summary, Tags, Verdict

router = APIRouter(tags=["videos"], responses=VIDEO_ERRORS)
_VIDEO: dict[str, Any] = {"openapi_extra": video_body(), "response_model_exclude_none": True}
Language = Annotated[Literal["en", "zh"], Query(description="Of the text: English or Chinese.")]


@router.post("/classify", response_model=Classification, **_VIDEO)
def classify(video: GivenVideo, parts: GivenParts) -> dict[str, Any]:
    """Name the label of a video."""
    return describing.classify(parts.engine, video)


@router.post("/embed", response_model=Embedding, **_VIDEO)
def embed(video: GivenVideo, parts: GivenParts) -> dict[str, Any]:
    """Turn a video into a vector, for searches of your own."""
    return describing.embed(parts.engine, video)


@router.post("/tag", response_model=Tags, **_VIDEO)
def tag(video: GivenVideo, parts: GivenParts) -> dict[str, Any]:
    """Name what is seen and when: labels, objects, scenes."""
    return describing.tag(parts.engine, video)


@router.post("/moderate", response_model=Verdict, **_VIDEO)
def moderate(video: GivenVideo, parts: GivenParts) -> dict[str, Any]:
    """Allow, review or block a video by the service's policy, with reasons and times."""
    return describing.moderate(parts.engine, video)


@router.post("/summarize", response_model=Summary, **_VIDEO)
def summarize(video: GivenVideo, parts: GivenParts, language: Language = "en") -> dict[str, Any]:
    """Tell a video in short: a text, key frames and a storyboard."""
    return describing.summarize(parts.engine, video, language)


@router.post("/explain", response_model=Explanation, **_VIDEO)
def explain(video: GivenVideo, parts: GivenParts) -> dict[str, Any]:
    """Show what the label of a video hung on; takes seconds."""
    return describing.explain(parts.engine, video)


@router.post(
    "/preview",
    response_class=FileResponse,
    openapi_extra=video_body(),
    responses={200: {"content": {"video/mp4": {"schema": {"type": "string", "format": "binary"}}}}},
)
def preview(video: GivenVideo, parts: GivenParts) -> FileResponse:
    """Make a small H.264 copy of the first five minutes, for browsers that cannot play the original."""
    target: Path = video.path.with_suffix(".preview.mp4")
    describing.preview(parts.engine, video, target)
    return FileResponse(target, media_type="video/mp4", background=BackgroundTask(target.unlink))
