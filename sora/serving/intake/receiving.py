"""From a request to a video file: a form, a URL, or the bytes of the video as they are."""

import hashlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

from sora.serving.answering.engine import Video
from sora.serving.fetching.file import FetchLimits, fetch
from sora.serving.intake.body import bounded
from sora.serving.intake.leaving import watched
from sora.serving.intake.scratch import Scratch, TemporaryFile
from sora.serving.refusals import RefusedError
from sora.serving.settings import Settings

HOW = (
    'send the video as the field "video" of a form (curl -F video=@clip.mp4), as the body itself, '
    'or its address as JSON {"url": "https://..."}'
)
_CHUNK_BYTES = 1 << 20
_MAX_URL_BYTES = 8192  # of a body that holds a URL; no video is so small
_MAX_NAME = 100
_CONNECT_SECONDS = 10.0


@dataclass(frozen=True)
class Intake:
    """Where videos come in.

    Attributes:
        scratch: keeps them while a request lasts.
        settings: limits, and where URLs may lead.
    """

    scratch: Scratch
    settings: Settings

    @asynccontextmanager
    async def video(self, request: Request) -> AsyncIterator[Video]:
        """Yield the video of a request; its file is gone afterwards.

        Raises:
            RefusedError: there is none, or it is too large or too slow.
            FetchError: its URL is refused or fails.
            FullError: there is no room for it.
        """
        limits = self.settings.limits
        read = bounded(request, limits.max_bytes, limits.upload_seconds)
        is_form = request.headers.get("content-type", "").startswith("multipart/form-data;")
        try:
            async with self._form(read) if is_form else self._body(read) as video:
                yield video
        except ClientDisconnect as error:
            raise RefusedError(HTTPStatus.BAD_REQUEST, "the connection broke before all had come") from error

    @asynccontextmanager
    async def _form(self, request: Request) -> AsyncIterator[Video]:
        async with _parsed(request) as form:
            given = form.get("video") or form.get("url")
            if isinstance(given, str) and given:
                async with self._remote(request, given) as video:
                    yield video
                return
            if not isinstance(given, UploadFile):
                raise RefusedError(HTTPStatus.BAD_REQUEST, f"the form has no video; {HOW}")
            with self.scratch.file(given.filename or "") as file:
                digest = await run_in_threadpool(_copy, given, file)
                yield _received(file, digest, given.filename or "")

    @asynccontextmanager
    async def _body(self, request: Request) -> AsyncIterator[Video]:
        digest, start = hashlib.sha256(), b""
        with self.scratch.file() as file:
            async for chunk in request.stream():
                digest.update(chunk)
                start += chunk[: _MAX_URL_BYTES + 1 - len(start)]
                file.write(chunk)
            url = _url_in(start) if file.num_bytes <= _MAX_URL_BYTES else ""
            if url:
                async with self._remote(request, url) as video:
                    yield video
                return
            yield _received(file, digest.hexdigest(), "")

    @asynccontextmanager
    async def _remote(self, request: Request, url: str) -> AsyncIterator[Video]:
        limits = self.settings.limits
        allowed = FetchLimits(limits.max_bytes, _CONNECT_SECONDS, limits.upload_seconds)
        name = unquote(PurePosixPath(urlsplit(url).path).name)
        with self.scratch.file(name) as file:
            async with watched(request) as has_left:
                fetched = await run_in_threadpool(
                    fetch,
                    url,
                    file,
                    allowed,
                    allowed_networks=self.settings.allowed_networks,
                    stop=has_left,
                )
            yield _received(file, fetched.sha256, name)


@asynccontextmanager
async def _parsed(request: Request) -> AsyncIterator[FormData]:
    try:
        form = await request.form(max_files=1, max_fields=8, max_part_size=_MAX_URL_BYTES)
    except HTTPException as error:  # of Starlette's parser
        raise RefusedError(HTTPStatus.BAD_REQUEST, f"the form cannot be read ({error.detail})") from error
    try:
        yield form
    finally:
        await form.close()


def _copy(upload: UploadFile, file: TemporaryFile) -> str:
    digest = hashlib.sha256()
    while chunk := upload.file.read(_CHUNK_BYTES):
        digest.update(chunk)
        file.write(chunk)
    return digest.hexdigest()


def _received(file: TemporaryFile, content_hash: str, name: str) -> Video:
    if not file.num_bytes:
        raise RefusedError(HTTPStatus.BAD_REQUEST, f"the video has no bytes; {HOW}")
    shown = "".join(letter for letter in PurePosixPath(name).name if letter.isprintable())[:_MAX_NAME]
    return Video(file.path, content_hash, shown or "video")


def _url_in(body: bytes) -> str:
    """Return the URL in a small body, JSON or a form as plain curl sends it; empty where it is neither."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return ""
    try:
        told: Any = json.loads(text)
    except ValueError:
        return parse_qs(text).get("url", [""])[0]
    if not isinstance(told, dict) or not isinstance(told.get("url"), str) or not told["url"]:
        raise RefusedError(HTTPStatus.BAD_REQUEST, f"the JSON has no url; {HOW}")
    return told["url"]
