"""Noticing that a client hangs up while something is done for it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from starlette.requests import Request


@asynccontextmanager
async def watched(request: Request) -> AsyncIterator[Callable[[], bool]]:
    """Yield a function, for any thread, that tells whether the client has left; its body must be read."""
    left = False

    async def watch() -> None:
        nonlocal left
        while (await request.receive())["type"] != "http.disconnect":
            pass
        left = True

    task = asyncio.create_task(watch())
    try:
        yield lambda: left
    finally:
        task.cancel()
