"""The page for people at /ui/: a video in, what the service says of it out, with no outside resource."""

from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import RedirectResponse
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

FOLDER = Path(__file__).parent / "page"
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "media-src 'self' blob:",
        "connect-src 'self'",
        "form-action 'none'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-cache",  # asked for anew each time (304): page and service are never of two versions
}


def mount_page(app: FastAPI) -> None:
    """Serve the page at /ui/, and send /ui there."""
    app.add_api_route("/ui", _to_page, methods=["GET", "HEAD"], include_in_schema=False)
    app.mount("/ui", _PageFiles(directory=FOLDER, html=True), name="page")


async def _to_page() -> RedirectResponse:
    return RedirectResponse("ui/")  # relative, for a proxy that serves all this under a prefix


class _PageFiles(StaticFiles):
    """The files of the page, with headers that let a browser load nothing else."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers.update(HEADERS)
        return response
