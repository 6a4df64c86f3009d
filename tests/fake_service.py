"""A service with the routes and answers of the real one, which knows nothing: what the page is tried on.

Its figures are those that ``sora tag``, ``moderate``, ``summarize`` and ``search`` gave for five clips of
UCF101 one after another, stretched to the length of the video that comes.
"""

import base64
import functools
import hashlib
import io
import itertools
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import uvicorn
from coded_clips import write_pictures
from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse, Response
from starlette.datastructures import UploadFile

from sora.serving.pages import mount_page

VERSION = "c1c7159d5c356899"
LABELS = ("Basketball", "JumpingJack", "PullUps", "Punch", "PushUps", "WalkingWithDog")
PROBABILITIES = (0.0776, 0.0031, 0.0024, 0.1931, 0.4079, 0.3159)
SEEN = (
    ("Basketball", 0.237),
    ("WalkingWithDog", 0.476),
    ("PushUps", 0.61),
    ("JumpingJack", 0.76),
    ("Punch", 1.0),
)
TEXTS = {
    "en": "The video lasts {0} seconds and has 5 shots. The model recognises “basketball”, “walking with "
    "dog”, “push ups”, “jumping jack” and “punch”.",
    "zh": "视频时长 {0} 秒，共有 5 个镜头。模型识别出“Basketball”、“WalkingWithDog”、“PushUps”等。",
}
NUM_POLLS = 3


def fake_app() -> FastAPI:
    """Return the service; videos named by address are all the one at ``app.state.remote`` (bytes)."""
    app = FastAPI()
    app.state.jobs, app.state.remote = {}, b""
    mount_page(app)

    @app.exception_handler(HTTPException)
    async def said(_request: Request, error: HTTPException) -> JSONResponse:
        return JSONResponse({"error": error.detail}, error.status_code)

    @app.get("/health")
    async def health() -> dict[str, Any]:
        return {"status": "ok", "model_version": VERSION}

    @app.get("/lineage")
    async def lineage() -> dict[str, Any]:
        hashes = {"data": {"manifest": "9f2c" * 16, "splits": "07ab" * 16}, "params": "51d0" * 16}
        model = {"model_version": VERSION, "variant": "pruned_int8", "labels": list(LABELS)}
        return {**model, "several_labels": False, "lineage": hashes, "served_from": "sora/serving"}

    @app.get("/capabilities")
    async def capabilities() -> dict[str, Any]:
        return {"scales": [1, 2, 4], "styles": ["fresco", "woodcut", "starry"]}

    @app.post("/{task}", status_code=200)
    async def answer(task: str, request: Request) -> Any:
        video = await received(request)
        if task == "preview":
            return _preview(video)
        if task == "feedback":
            return JSONResponse(_kept(video, request.query_params.getlist("label")), 201)
        if task == "jobs":
            return JSONResponse(_submitted(app, video, request), 202)
        return _known(task)(video, request)

    @app.get("/jobs/{job}")
    async def state(job: str) -> dict[str, Any]:
        found = _job(app, job)
        polls = next(found["polls"])
        found["status"] = "done" if polls >= NUM_POLLS else "running"
        return {
            "job_id": job,
            "task": found["task"],
            "status": found["status"],
            "progress": polls / NUM_POLLS,
        }

    @app.get("/jobs/{job}/result")
    async def result(job: str) -> dict[str, Any]:
        return _job(app, job)["answer"]

    @app.get("/jobs/{job}/files/{name}")
    async def file(job: str, name: str) -> Response:
        video = _job(app, job)["video"]  # as good as new
        return Response(video, media_type="video/mp4")

    @app.delete("/jobs/{job}")
    async def cancel(job: str) -> dict[str, Any]:
        found = _job(app, job)
        return {"job_id": job, "task": found["task"], "status": "cancelled"}

    return app


@contextmanager
def serving(app: FastAPI) -> Iterator[str]:
    """Serve an application on a free port; give its address."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.02)
        assert thread.is_alive(), "the fake service did not start"
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join()


async def received(request: Request) -> bytes:
    """Return the video that a request brings, in any of the ways of the contract."""
    kind = request.headers.get("content-type", "")
    if kind.startswith("application/json"):
        return request.app.state.remote
    if not kind.startswith("multipart/"):
        return await request.body()
    part = (await request.form())["video"]
    assert isinstance(part, UploadFile)
    return await part.read()


def _known(task: str) -> Any:
    tasks = {"classify": _classify, "tag": _tag, "moderate": _moderate, "summarize": _summarize}
    remakers = {"enhance": _enhance, "stylize": _stylize}
    found = {**tasks, **remakers, "explain": _explain, "search": _search}.get(task)
    if found is None:
        raise HTTPException(404, f"there is no {task} here")
    return found


def _classify(video: bytes, _request: Request) -> dict[str, Any]:
    _seconds(video)
    return {
        "label": "PushUps",
        "probabilities": dict(zip(LABELS, PROBABILITIES, strict=True)),
        **_about(video),
    }


def _tag(video: bytes, _request: Request) -> dict[str, Any]:
    seconds = _seconds(video)
    parts = [_part(name, start, end) for name, start, end in _parts(seconds)]
    dog = _part("dog", 0.24 * seconds, 0.45 * seconds, "group", 0.83)
    objects = [
        _part("punching bag", 0.78 * seconds, 0.97 * seconds, "object", 0.71),
        _part("basketball", 0.02 * seconds, 0.2 * seconds, "object", 0.88),
        _part("horizontal bar", 0.1 * seconds, 0.3 * seconds, "object", 0.62),
    ]
    return {
        "duration_seconds": seconds,
        "tags": [*parts, dog, *objects],
        "shots": [{"start_seconds": start, "end_seconds": end} for _, start, end in _parts(seconds)],
        "timeline": [
            {"start_seconds": start, "end_seconds": end, "label": name, "probability": 0.94}
            for name, start, end in _parts(seconds)
        ],
        "no_objects": "",
        **_about(video),
    }


def _moderate(video: bytes, _request: Request) -> dict[str, Any]:
    start, end = 0.7 * _seconds(video), 0.76 * _seconds(video)
    text = f"not safe for work at {start:.1f} to {end:.1f} s: 0.88, less than 0.8 allowed"
    reason = {"about": "nsfw", "action": "review", "name": "", "start_seconds": start, "end_seconds": end}
    reasons = [{**reason, "score": 0.882, "text": text}]
    return {"action": "review", "reasons": reasons, "review_id": "008591743063", **_about(video)}


def _summarize(video: bytes, request: Request) -> dict[str, Any]:
    seconds, language = _seconds(video), request.query_params.get("language", "en")
    middles = [(start + end) / 2 for _, start, end in _parts(seconds)]
    frames = [{"time_seconds": time, "image": _image(video, time)} for time in middles]
    text = TEXTS[language].format(int(seconds))
    board = {"key_frames": frames, "storyboard": frames[0]["image"]}
    return {"text": text, "language": language, "shots": [], **board, **_about(video)}


def _enhance(video: bytes, request: Request) -> dict[str, Any]:
    return _remade(video, "enhanced.mp4", int(request.query_params["scale"]))


def _stylize(video: bytes, _request: Request) -> dict[str, Any]:
    return _remade(video, "stylized.mp4", 1)


def _remade(video: bytes, name: str, scale: int) -> dict[str, Any]:
    height, width = (scale * side for side in _frames(video)[0][1].shape[:2])
    size = {"width": width, "height": height, "num_frames": len(_frames(video))}
    return {"content_hash": hashlib.sha256(video).hexdigest(), **size, "files": [name]}


def _explain(video: bytes, _request: Request) -> dict[str, Any]:
    times = np.linspace(0.1, 0.9, 6) * _seconds(video)
    frames = [{"time_seconds": time, "image": _image(video, time, tint=True)} for time in times.tolist()]
    return {"frames": frames, "label": "PushUps", **_about(video)}


def _search(video: bytes, request: Request) -> dict[str, Any]:
    names = [f"{label}/v_{label}_g01_c0{n}.avi" for n in (1, 2) for label in ("Punch", "PushUps", "PullUps")]
    rows = [
        {"video": name, "similarity": 0.6882 - 0.05 * place, "labels": [name.split("/")[0]], "tags": []}
        for place, name in enumerate(names)
    ]
    return {"results": rows[: int(request.query_params.get("top", 10))], **_about(video)}


def _kept(video: bytes, labels: list[str]) -> dict[str, Any]:
    if not labels:
        raise HTTPException(422, "feedback needs a label")
    received = "2026-11-22T12:00:00+00:00"
    return {"feedback_id": "f3a91c", "labels": labels, "received": received, **_about(video)}


def _submitted(app: FastAPI, video: bytes, request: Request) -> dict[str, Any]:
    task, name = request.query_params["task"], f"job{len(app.state.jobs)}"
    polls = itertools.chain(range(NUM_POLLS), itertools.repeat(NUM_POLLS))
    app.state.jobs[name] = {
        "task": task,
        "answer": _known(task)(video, request),
        "video": video,
        "polls": polls,
    }
    return {"job_id": name, "task": task, "status": "queued", "progress": 0.0, "submitted": ""}


def _job(app: FastAPI, name: str) -> dict[str, Any]:
    if name not in app.state.jobs:
        raise HTTPException(404, f"there is no job {name}")
    return app.state.jobs[name]


def _preview(video: bytes) -> Response:
    with tempfile.TemporaryDirectory() as folder:
        copy = write_pictures(Path(folder) / "copy.mp4", [frame for _, frame in _frames(video)])
        return Response(copy.read_bytes(), media_type="video/mp4")


def _about(video: bytes) -> dict[str, str]:
    return {"content_hash": hashlib.sha256(video).hexdigest(), "model_version": VERSION}


def _parts(seconds: float) -> list[tuple[str, float, float]]:
    ends = [round(share * seconds, 3) for _, share in SEEN]
    return [(name, start, end) for (name, _), start, end in zip(SEEN, [0.0, *ends], ends, strict=False)]


def _part(
    name: str, start: float, end: float, kind: str = "label", confidence: float = 0.998
) -> dict[str, Any]:
    time = {"start_seconds": round(start, 3), "end_seconds": round(end, 3)}
    return {"name": name, "kind": kind, **time, "confidence": confidence, "peak": confidence}


@functools.cache
def _frames(video: bytes) -> list[tuple[float, np.ndarray]]:
    """Return when each frame begins, and the frame."""
    try:
        with av.open(io.BytesIO(video)) as container:
            frames = [
                (float(one.time or 0), one.to_ndarray(format="rgb24")) for one in container.decode(video=0)
            ]
    except av.FFmpegError as error:
        raise HTTPException(400, "cannot look at this file: not a readable video") from error
    if not frames:
        raise HTTPException(400, "cannot look at this file: no frame can be read")
    return frames


def _seconds(video: bytes) -> float:
    frames = _frames(video)
    return round(frames[-1][0] * len(frames) / max(len(frames) - 1, 1), 3)


def _image(video: bytes, seconds: float, *, tint: bool = False) -> str:
    picture = [frame for time, frame in _frames(video) if time <= seconds][-1]
    if tint:
        height, width = picture.shape[:2]
        far = np.hypot(*np.meshgrid(np.linspace(-1, 1, width), np.linspace(-1, 1, height)))
        picture = picture // 2 + np.where((far < 0.5)[..., None], np.uint8([120, 50, 0]), picture // 2)
    encoded = cv2.imencode(".jpg", picture[..., ::-1])[1].tobytes()
    return f"data:image/jpeg;base64,{base64.b64encode(encoded).decode()}"
