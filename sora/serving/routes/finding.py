"""Endpoints that find videos: search and recommendation."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from sora.apps.recommend.history import Watch
from sora.apps.recommend.plan import Plan
from sora.apps.search.search import Words
from sora.serving.answering import retrieval
from sora.serving.routes.access import VIDEO_ERRORS, GivenParts, GivenVideoIfAny, errors, video_body
from sora.serving.routes.answer_types import Recommendations, SearchResults

router = APIRouter(tags=["finding"])
_Text = Annotated[str, Field(min_length=1, max_length=200)]
_Top = Annotated[int, Query(ge=1, le=1000, description="The most to be named.")]
_MOST_WATCHES = 100_000


@router.post(
    "/search",
    response_model=SearchResults,
    response_model_exclude_none=True,
    openapi_extra=video_body(required=False),
    responses=VIDEO_ERRORS | {404: errors(400)[400] | {"description": "The service has no index."}},
)
def search(
    video: GivenVideoIfAny,
    parts: GivenParts,
    label: Annotated[tuple[_Text, ...], Query(max_length=20)] = (),
    tag: Annotated[tuple[_Text, ...], Query(max_length=20)] = (),
    top: _Top = 10,
) -> dict[str, Any]:
    """Find videos like an example, or with words of their labels and tags, or both.

    A word has no case, and its beginning is enough.
    """
    query = retrieval.Query(Words(label, tag), top)
    return parts.retrieval.search(query, video)


class WatchEvent(BaseModel):
    """One user watched one video."""

    model_config = ConfigDict(extra="forbid")

    video: _Text = Field(examples=["videos/JumpRope/v_JumpRope_g01_c01.avi"])
    time: datetime = Field(description="ISO 8601.", examples=["2026-01-31T12:00:00Z"])
    user: Annotated[str, Field(min_length=1, max_length=200)] = "you"
    rating: float | None = Field(None, ge=1, le=5)
    completion: float | None = Field(None, ge=0, le=1, description="Share that was watched.")


class RecommendRequest(BaseModel):
    """Whom to recommend something, and what everybody watched."""

    model_config = ConfigDict(extra="forbid")

    history: list[WatchEvent] = Field(max_length=_MOST_WATCHES)
    user: str | None = Field("you", description="Whom for; null is someone new.")
    top: int = Field(10, ge=1, le=1000)
    half_life_days: float = Field(30.0, gt=0, le=36_500)
    diversity: float = Field(0.1, ge=0, le=1)


@router.post(
    "/recommend",
    response_model=Recommendations,
    response_model_exclude_none=True,
    responses=errors(400, 401, 422, 503) | {404: errors(400)[400] | {"description": "There is no index."}},
)
def recommend(asked: RecommendRequest, parts: GivenParts) -> dict[str, Any]:
    """Recommend videos of the index that a user has not watched; to someone new, what is popular."""
    history = [
        Watch(
            user=event.user,
            video=event.video,
            time_seconds=event.time.timestamp(),
            **{
                name: value
                for name in ("rating", "completion")
                if (value := getattr(event, name)) is not None
            },
        )
        for event in asked.history
    ]
    plan = Plan(half_life_days=asked.half_life_days, diversity=asked.diversity)
    known = {event.user for event in asked.history}
    user = asked.user if asked.user in known or asked.user != "you" else None
    return parts.retrieval.recommend(history, user, asked.top, plan)
