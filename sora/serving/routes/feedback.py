"""The endpoint for corrected labels."""

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Query

from sora.serving.feedback import MAX_NOTE_CHARACTERS, record_feedback
from sora.serving.routes.access import VIDEO_ERRORS, GivenParts, GivenVideo, video_body
from sora.serving.routes.answer_types import Receipt

router = APIRouter(tags=["feedback"], responses=VIDEO_ERRORS)
_Label = Annotated[str, Query(min_length=1, max_length=100)]


@router.post("/feedback", status_code=HTTPStatus.CREATED, response_model=Receipt, openapi_extra=video_body())
def feedback(
    video: GivenVideo,
    parts: GivenParts,
    label: Annotated[list[_Label], Query(min_length=1, max_length=100, description="What it shows.")],
    note: Annotated[str, Query(max_length=MAX_NOTE_CHARACTERS)] = "",
) -> dict[str, Any]:
    """Keep a video with its right label for the next training; on the answer both are on the disk.

    The label may be new, and given several times where videos may have several.
    """
    engine = parts.engine
    said = engine.prediction(video)
    kept = record_feedback(
        engine.settings.state / "feedback",
        video.path,
        video.content_hash,
        label,
        predicted=said.label,
        model_version=engine.bundle.version,
        note=note,
        received=datetime.now(UTC),
    )
    return kept.as_json()
