"""Endpoints for long videos: submit, look, fetch, cancel."""

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Path, Response
from starlette.concurrency import run_in_threadpool
from starlette.responses import FileResponse

from sora.serving.answering.engine import Video
from sora.serving.answering.tasks import job_options
from sora.serving.jobs.job import Job as KeptJob
from sora.serving.refusals import RefusedError
from sora.serving.remaking.room import require_room
from sora.serving.routes.access import VIDEO_ERRORS, GivenParts, GivenVideo, Parts, errors, video_body
from sora.serving.routes.answer_types import Classification, Job, Problem, Remade, Summary, Tags, Verdict
from sora.serving.routes.asking import Asked, GivenTask

router = APIRouter(prefix="/jobs", tags=["jobs"])
_Id = Annotated[str, Path(pattern="^[0-9a-f]{32}$", examples=["0123456789abcdef0123456789abcdef"])]
_Name = Annotated[str, Path(pattern=r"^[a-z]+\.[a-z0-9]+$", max_length=40, examples=["storyboard.png"])]
_UNKNOWN: dict[int | str, dict[str, Any]] = {
    404: {"model": Problem, "description": "There is no such job, or it has been forgotten."},
    409: {"model": Problem, "description": "The job is not in the right state for this."},
    **errors(401, 422),
}


@router.post(
    "",
    status_code=HTTPStatus.ACCEPTED,
    response_model=Job,
    response_model_exclude_none=True,
    openapi_extra=video_body(),
    responses=VIDEO_ERRORS | errors(501, 507),
)
async def submit(
    asked: GivenTask, video: GivenVideo, parts: GivenParts, response: Response
) -> dict[str, Any]:
    """Accept a video for work that takes long; what is accepted is done, whatever becomes of this worker.

    enhance and stylize make a video, with the sound and the times of the one that is sent.
    """
    job = await run_in_threadpool(_submitted, asked, video, parts)
    response.headers["Location"] = f"/jobs/{job.job_id}"
    return job.as_json()


@router.get("/{job_id}", response_model=Job, response_model_exclude_none=True, responses=_UNKNOWN)
def look(job_id: _Id, parts: GivenParts) -> dict[str, Any]:
    """Tell how far a job is."""
    return _known(parts.jobs.get(job_id)).as_json()


@router.get(
    "/{job_id}/result",
    response_model=Classification | Summary | Verdict | Tags | Remade,
    response_model_exclude_none=True,
    responses=_UNKNOWN,
)
def result(job_id: _Id, parts: GivenParts) -> dict[str, Any]:
    """Give what the endpoint of the same name would have given, or what video was made."""
    job = _known(parts.jobs.get(job_id))
    found = parts.jobs.result(job_id)
    if found is None:
        why = f": {job.error}" if job.error else ""
        raise RefusedError(HTTPStatus.CONFLICT, f"the job has no result, it is {job.status}{why}")
    return found


@router.get("/{job_id}/files/{name}", response_class=FileResponse, responses=_UNKNOWN)
def file(job_id: _Id, name: _Name, parts: GivenParts) -> FileResponse:
    """Give a file that the job made: storyboard.png, highlights.mp4, enhanced.mp4, stylized.mp4."""
    found = parts.jobs.file(job_id, name)
    if found is None:
        raise RefusedError(HTTPStatus.NOT_FOUND, "the job has no such file")
    return FileResponse(found, filename=name, content_disposition_type="inline")


@router.delete("/{job_id}", response_model=Job, response_model_exclude_none=True, responses=_UNKNOWN)
def cancel(job_id: _Id, parts: GivenParts) -> dict[str, Any]:
    """Cancel a job that has not ended; a running one stops at its next step."""
    job = _known(parts.jobs.get(job_id))
    if job.has_ended and job.status != "cancelled":
        raise RefusedError(HTTPStatus.CONFLICT, f"the job has ended, it is {job.status}")
    return _known(parts.jobs.cancel(job_id)).as_json()


def _submitted(asked: Asked, video: Video, parts: Parts) -> KeptJob:
    if asked.wish is not None:
        require_room(parts.engine, video, asked.wish)
    return parts.jobs.submit(asked.task, job_options(video, asked.language, asked.wish), video.path)


def _known(job: KeptJob | None) -> KeptJob:
    if job is None:
        raise RefusedError(HTTPStatus.NOT_FOUND, "there is no such job, or it has been forgotten")
    return job
