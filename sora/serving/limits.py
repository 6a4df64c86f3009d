"""What the web service refuses before a video is read: bodies too large, and text in place of a file."""

from collections.abc import Awaitable, Callable, MutableMapping
from http import HTTPStatus
from typing import Any, TypeAlias

from _bentoml_impl.serde import MultipartSerde
from bentoml.exceptions import BadInput, BentoMLException
from starlette.datastructures import UploadFile

_Message: TypeAlias = MutableMapping[str, Any]
_Receive: TypeAlias = Callable[[], Awaitable[_Message]]
_Send: TypeAlias = Callable[[_Message], Awaitable[None]]
_App: TypeAlias = Callable[[_Message, _Receive, _Send], Awaitable[None]]

MAX_BYTES = 512 * 2**20


class BodyLimit:
    """ASGI middleware: no request body beyond ``max_bytes`` is read, whether its length is told or not.

    The error is raised where the body is read, so that BentoML turns it into its usual answer.
    """

    def __init__(self, app: _App, max_bytes: int = MAX_BYTES) -> None:
        self._app = app
        self._max_bytes = max_bytes

    async def __call__(self, scope: _Message, receive: _Receive, send: _Send) -> None:
        """Pass the request on, counting the bytes of its body."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        told = dict(scope["headers"]).get(b"content-length", b"0")
        num_told = int(told) if told.isdigit() else 0
        num_read = 0

        async def counted() -> _Message:
            nonlocal num_read
            self._check(num_told)
            message = await receive()
            num_read += len(message.get("body", b""))
            self._check(num_read)
            return message

        await self._app(scope, counted, send)

    def _check(self, num_bytes: int) -> None:
        if num_bytes > self._max_bytes:
            raise BentoMLException(
                f"the request is larger than {self._max_bytes} bytes",
                error_code=HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            )


def accept_files_only() -> None:
    """Stop BentoML from downloading the address that a form gives as text where a file is due.

    A server that fetches what strangers name reaches what only it can reach. BentoML has no option for it;
    should a later version work differently, the service does not start.
    """
    if not isinstance(vars(MultipartSerde).get("ensure_file"), staticmethod):
        raise RuntimeError("this version of BentoML reads forms differently: see sora.serving.limits")
    MultipartSerde.ensure_file = staticmethod(_file_only)


async def _file_only(value: str | UploadFile) -> UploadFile:
    if isinstance(value, str):
        raise BadInput("video: send the file itself (curl -F video=@clip.mp4), not text or an address")
    return value
