"""What becomes of a body that nobody read, because the answer was clear before its end."""

import asyncio
from contextlib import suppress

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_PATIENCE_SECONDS = 2.0


class UnreadBodies:
    """ASGI middleware: reads what is left of a body before the answer, but not for long.

    A client that still sends would else get a broken connection in the place of the answer; one that never
    ends gets just that.
    """

    def __init__(self, app: ASGIApp, patience_seconds: float = _PATIENCE_SECONDS) -> None:
        self._app = app
        self._patience_seconds = patience_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and see how much of its body is read."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        has_ended = False

        async def seen() -> Message:
            nonlocal has_ended
            message = await receive()
            has_ended = has_ended or not message.get("more_body", False)
            return message

        async def answered(message: Message) -> None:
            if message["type"] == "http.response.start" and not has_ended:
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._patience_seconds):
                        while not has_ended:
                            await seen()
                if not has_ended:
                    message["headers"] = [*message.get("headers", []), (b"connection", b"close")]
            await send(message)

        await self._app(scope, seen, answered)
