"""The body of a request, bounded in bytes and time whatever its headers say."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from http import HTTPStatus
from typing import Any, TypeAlias

from starlette.requests import Request

from sora.serving.refusals import RefusedError

Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]


def bounded(request: Request, max_bytes: int, seconds: float) -> Request:
    """Return the same request; reading more of its body, or for longer, raises a ``RefusedError``.

    Raises:
        RefusedError: the request itself says that it is larger.
    """
    told = request.headers.get("content-length", "")
    _check(int(told) if told.isdecimal() else 0, max_bytes)
    return Request(request.scope, _bounded(request.receive, max_bytes, seconds))


def _bounded(receive: Receive, max_bytes: int, seconds: float) -> Receive:
    num_bytes, is_whole = 0, False
    deadline = asyncio.get_running_loop().time() + seconds

    async def read() -> Message:
        nonlocal num_bytes, is_whole
        if is_whole:  # what follows is that the client leaves
            return await receive()
        try:
            async with asyncio.timeout_at(deadline):
                message = await receive()
        except TimeoutError as error:
            raise RefusedError(
                HTTPStatus.REQUEST_TIMEOUT, f"the request did not arrive whole within {seconds:g} s"
            ) from error
        num_bytes += len(message.get("body", b""))
        is_whole = not message.get("more_body", False)
        _check(num_bytes, max_bytes)
        return message

    return read


def _check(num_bytes: int, max_bytes: int) -> None:
    if num_bytes > max_bytes:
        raise RefusedError(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"at most {max_bytes} bytes are taken, this is larger"
        )
