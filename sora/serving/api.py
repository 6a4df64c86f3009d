"""The web application: all endpoints, their errors, and the page."""

from fastapi import Depends, FastAPI
from fastapi.responses import JSONResponse

from sora import __version__
from sora.serving.intake.admission import Admission
from sora.serving.intake.unread import UnreadBodies
from sora.serving.pages import mount_page
from sora.serving.routes import about, feedback, finding, jobs, videos
from sora.serving.routes.access import authorised
from sora.serving.routes.problems import handle_errors
from sora.serving.settings import Limits

_ABOUT = """
Classifies, tags, moderates, summarises and finds videos. A video is sent as the field `video` of a form, as
the body itself with whatever content type, or by its address as JSON: `{"url": "https://..."}`. Every error
is a JSON object with one sentence, `error`.
"""


def create_app(limits: Limits) -> FastAPI:
    """Make the application; ``app.state.site``, of ``routes.access``, must be set before a request."""
    app = FastAPI(title="Sora", version=__version__, description=_ABOUT, docs_url=None, redoc_url=None)
    app.add_middleware(Admission, max_requests=limits.max_requests)
    app.add_middleware(UnreadBodies)  # around all others
    handle_errors(app)
    for router in (videos.router, finding.router, feedback.router, jobs.router, about.router):
        app.include_router(router, dependencies=[Depends(authorised)])
    app.include_router(about.open_router)

    @app.get("/docs.json", include_in_schema=False)
    async def docs() -> JSONResponse:
        """Give BentoML's own page the description of these endpoints."""
        return JSONResponse(app.openapi())

    mount_page(app)
    return app
