"""Errors as answers: every one is a JSON object with one sentence."""

import logging
from collections.abc import Mapping

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse

from sora.errors import SoraError
from sora.serving.fetching.errors import FetchError
from sora.serving.overload import FullError
from sora.serving.refusals import RefusedError

_log = logging.getLogger(__name__)


def problem(status: int, message: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """Return the answer that says why there is none."""
    return JSONResponse({"error": message}, status, dict(headers or {}))


def handle_errors(app: FastAPI) -> None:
    """Turn every error that a handler of ``app`` raises into an answer."""

    @app.exception_handler(RefusedError)
    async def refused(_: Request, error: RefusedError) -> JSONResponse:
        return problem(error.status, error.message, error.headers)

    @app.exception_handler(FetchError)
    async def not_fetched(_: Request, error: FetchError) -> JSONResponse:
        return problem(error.status, str(error))

    @app.exception_handler(FullError)
    async def full(_: Request, error: FullError) -> JSONResponse:
        return problem(503, str(error), {"Retry-After": str(error.retry_after_seconds)})

    @app.exception_handler(SoraError)
    async def wrong(_: Request, error: SoraError) -> JSONResponse:
        return problem(400, str(error))

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        return problem(422, "; ".join(_told(each) for each in error.errors()))

    @app.exception_handler(HTTPException)
    async def other(_: Request, error: HTTPException) -> JSONResponse:
        return problem(error.status_code, str(error.detail), error.headers)

    @app.exception_handler(Exception)
    async def unexpected(request: Request, error: Exception) -> JSONResponse:
        _log.error("%s %s", request.method, request.url.path, exc_info=error)
        return problem(500, "an unexpected error; the server's log says more")


def _told(fault: Mapping[str, object]) -> str:
    place = fault.get("loc")
    where = ".".join(map(str, place[1:])) if isinstance(place, tuple) else ""
    return f"{where}: {fault.get('msg')}" if where else str(fault.get("msg"))
