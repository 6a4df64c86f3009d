"""The BentoML service: starts what answers requests, and stops it without losing any."""

import logging
import os

import bentoml

from sora.heap import keep_freed_memory
from sora.serving.answering.answers import Answers
from sora.serving.answering.current import Current
from sora.serving.answering.engine import Engine
from sora.serving.answering.model import Model
from sora.serving.answering.retrieval import Retrieval
from sora.serving.answering.tasks import job_work
from sora.serving.api import create_app
from sora.serving.assets import Assets
from sora.serving.feedback import repair
from sora.serving.following.follower import Follower
from sora.serving.following.versions import Versions
from sora.serving.intake.receiving import Intake
from sora.serving.intake.scratch import Scratch
from sora.serving.jobs.job import JobRules
from sora.serving.jobs.runner import JobRunner
from sora.serving.jobs.store import JobStore
from sora.serving.observing.journal import ObservationJournal
from sora.serving.remaking.wish import TASKS
from sora.serving.routes.access import Site
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
    """Says what videos show, with the model of a registry or the one that lies beside this code."""

    def __init__(self) -> None:
        keep_freed_memory()
        SETTINGS.state.mkdir(parents=True, exist_ok=True)
        os.chdir(SETTINGS.state)  # the folder of the Bento goes when the same version is built again
        logging.getLogger("sora").setLevel(logging.INFO)  # BentoML shows warnings alone
        self._answers = Answers(SETTINGS.state / "answers", _LIMITS.max_answers_bytes)
        self._observations = ObservationJournal(SETTINGS.state, _LIMITS.max_observations_bytes)
        registry = SETTINGS.registry
        self._follower = Follower(Versions(registry, SETTINGS.state), self._load) if registry else None
        self._current = self._follower.current if self._follower else Current(self._load(Assets()))
        repair(SETTINGS.state / "feedback")  # after a kill
        self._scratch = Scratch(SETTINGS.state / "scratch", _LIMITS.max_scratch_bytes)
        rules = JobRules(
            max_waiting=_LIMITS.max_jobs, keep_seconds=_LIMITS.keep_jobs_seconds, one_at_a_time=TASKS
        )
        self._jobs = JobStore(SETTINGS.state, rules)
        self._runner = JobRunner(self._jobs, job_work(self._current, _LIMITS))
        intake = Intake(self._scratch, SETTINGS)
        app.state.site = Site(self._current, intake, self._jobs)
        self._runner.start()
        if self._follower:
            self._follower.start()

    @bentoml.on_shutdown
    def close(self) -> None:
        """End what is under way; a job that is not done goes back to the queue."""
        self._runner.stop(timeout_seconds=_JOBS_END_SECONDS)
        if self._follower:
            self._follower.stop()
        self._jobs.close()
        self._scratch.close()
        self._current.close()
        self._observations.close()

    def _load(self, assets: Assets) -> Model:
        engine = Engine(assets, SETTINGS, self._answers, self._observations)
        return Model(engine, Retrieval(engine))
