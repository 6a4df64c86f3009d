"""What endpoints ask for: the parts of the service, the video of the request, a token."""

import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.exceptions import HTTPException

from sora.serving.answering.current import Current
from sora.serving.answering.engine import Engine, Video
from sora.serving.answering.retrieval import Retrieval
from sora.serving.intake.receiving import Intake
from sora.serving.jobs.store import JobStore
from sora.serving.routes.answer_types import Problem


@dataclass(frozen=True)
class Site:
    """What a worker has from its start on; it stands in ``app.state.site``."""

    current: Current
    intake: Intake
    jobs: JobStore


@dataclass(frozen=True)
class Parts:
    """What an answer is made with; all that comes of the model is of one version."""

    engine: Engine
    retrieval: Retrieval
    jobs: JobStore


def site(request: Request) -> Site:
    """Give what this worker has."""
    return request.app.state.site


async def parts(given: Annotated[Site, Depends(site)]) -> AsyncIterator[Parts]:
    """Give the model that answers now, with what it needs, until the answer is made."""
    with given.current.used() as model:
        yield Parts(model.engine, model.retrieval, given.jobs)


async def video(request: Request, given: Annotated[Site, Depends(site)]) -> AsyncIterator[Video]:
    """Give the video of the request; it is gone when the answer is sent."""
    async with given.intake.video(request) as received:
        yield received


async def video_if_any(
    request: Request, given: Annotated[Site, Depends(site)]
) -> AsyncIterator[Video | None]:
    """Give the video of the request, None where it has no body."""
    headers = request.headers
    if headers.get("content-length", "0") == "0" and "transfer-encoding" not in headers:
        yield None
        return
    async with given.intake.video(request) as received:
        yield received


_bearer = HTTPBearer(auto_error=False, description="Wanted where the service was started with SORA_TOKEN.")


async def authorised(
    given: Annotated[Site, Depends(site)],
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> None:
    """Refuse who does not bear the token, before the body is read."""
    wanted = given.intake.settings.token
    told = credentials.credentials if credentials else ""
    if wanted and not secrets.compare_digest(told.encode(), wanted.encode()):
        raise HTTPException(
            HTTPStatus.UNAUTHORIZED,
            "a token is wanted here: send the header Authorization: Bearer TOKEN",
            {"WWW-Authenticate": "Bearer"},
        )


# Endpoints name the video first: an upload that takes long holds no model.
GivenParts = Annotated[Parts, Depends(parts, scope="function")]
GivenVideo = Annotated[Video, Depends(video)]
GivenVideoIfAny = Annotated[Video | None, Depends(video_if_any)]

_URL = {"type": "string", "format": "uri", "description": "Its address, http or https.", "maxLength": 4096}
_EXAMPLE = {"url": "https://example.org/clip.mp4"}
_FORM = {
    "type": "object",
    "properties": {"video": {"type": "string", "format": "binary", "description": "The file."}, "url": _URL},
}
_JSON = {"type": "object", "properties": {"url": _URL}, "required": ["url"]}


def video_body(*, required: bool = True) -> dict[str, Any]:
    """Return what OpenAPI is told of a body with a video, which FastAPI does not read by itself."""
    content = {
        "multipart/form-data": {"schema": _FORM},
        "application/json": {"schema": _JSON, "example": _EXAMPLE},
        "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
    }
    return {"requestBody": {"required": required, "content": content}}


_WHY = {
    400: "Not a video that can be judged, or a URL that is not fetched.",
    401: "The token is missing or wrong.",
    408: "The request did not arrive in time.",
    413: "Too many bytes, or too long.",
    422: "A parameter is wrong.",
    501: "A package that this needs is not installed here.",
    502: "The server behind the URL failed.",
    503: "Busy: try again after the seconds in Retry-After.",
    504: "The server behind the URL is too slow.",
    507: "The disk of the service is too full for it.",
}


def errors(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return what OpenAPI is told of answers that are none."""
    return {status: {"model": Problem, "description": _WHY[status]} for status in statuses}


VIDEO_ERRORS = errors(400, 401, 408, 413, 422, 502, 503, 504)
