"""Not more requests than can be answered in time: the others are told when to come again."""

from starlette.types import ASGIApp, Receive, Scope, Send

from sora.serving.routes.problems import problem

_RETRY_SECONDS = 2


class Admission:
    """ASGI middleware: beyond ``max_requests`` that are under way, further ones get 503.

    What is only looked up, by GET, is never refused: whether the service lives must be told above all when it
    is busy.
    """

    def __init__(self, app: ASGIApp, max_requests: int) -> None:
        self._app = app
        self._max_requests = max_requests
        self._num_requests = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] != "http" or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        if self._num_requests >= self._max_requests:
            answer = problem(
                503, "too many requests at once; try again", {"Retry-After": str(_RETRY_SECONDS)}
            )
            await answer(scope, receive, send)
            return
        self._num_requests += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._num_requests -= 1
