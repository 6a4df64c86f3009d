"""The BentoML service: starts what answers requests, and stops it without losing any."""

import os

import bentoml

from sora.heap import keep_freed_memory
from sora.serving.answering.engine import Engine
from sora.serving.answering.retrieval import Retrieval
from sora.serving.answering.tasks import job_work
from sora.serving.api import create_app
from sora.serving.assets import Assets
from sora.serving.feedback import repair
from sora.serving.intake.receiving import Intake
from sora.serving.intake.scratch import Scratch
from sora.serving.jobs.job import JobRules
from sora.serving.jobs.runner import JobRunner
from sora.serving.jobs.store import JobStore
from sora.serving.routes.access import Parts
from sora.serving.settings import read_settings

SETTINGS = read_settings(os.environ)
_LIMITS = SETTINGS.limits
_JOBS_END_SECONDS = 10  # BentoML kills what has not ended 30 s after it was asked to
app = create_app(_LIMITS)


@bentoml.service(
    name="sora-video",
    workers=2,  # so that one answers while another starts again
    traffic={"timeout": _LIMITS.request_seconds},  # what ends then is accepted work, with a bare 504
)
@bentoml.asgi_app(app, path="/")
class SoraVideo:
    """Says what videos show, with the model that lies beside this code."""

    def __init__(self) -> None:
        keep_freed_memory()
        SETTINGS.state.mkdir(parents=True, exist_ok=True)
        os.chdir(SETTINGS.state)  # the folder of the Bento goes when the same version is built again
        self._engine = Engine(Assets(), SETTINGS)
        repair(SETTINGS.state / "feedback")  # after a kill
        self._scratch = Scratch(SETTINGS.state / "scratch", _LIMITS.max_scratch_bytes)
        rules = JobRules(max_waiting=_LIMITS.max_jobs, keep_seconds=_LIMITS.keep_jobs_seconds)
        self._jobs = JobStore(SETTINGS.state, rules)
        self._runner = JobRunner(self._jobs, job_work(self._engine))
        intake = Intake(self._scratch, SETTINGS)
        app.state.parts = Parts(self._engine, Retrieval(self._engine), intake, self._jobs)
        self._runner.start()

    @bentoml.on_shutdown
    def close(self) -> None:
        """End what is under way; a job that is not done goes back to the queue."""
        self._runner.stop(timeout_seconds=_JOBS_END_SECONDS)
        self._jobs.close()
        self._scratch.close()
        self._engine.close()
