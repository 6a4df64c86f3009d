"""The models and what they have said before: every video is looked at once."""

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

from sora.apps.analysis import cache
from sora.apps.analysis.analyse import DEFAULT_RULE, OnProgress, analyse
from sora.apps.analysis.content import Analysis
from sora.apps.analysis.models import Models, load_models
from sora.apps.moderation.judging import check_models
from sora.apps.moderation.policy import Policy, read_policy
from sora.bundle import Bundle
from sora.guard import Budget, Guard
from sora.predictor import Prediction, prediction_id
from sora.serving.answering import remembered
from sora.serving.answering.answers import Answer, Answers
from sora.serving.answering.metrics import ASKED, COMPUTED
from sora.serving.answering.saliency import Explainer
from sora.serving.assets import Assets
from sora.serving.observing.facts import Declared, Facts, declared
from sora.serving.observing.journal import ObservationJournal
from sora.serving.observing.record import observation
from sora.serving.priority import give_way
from sora.serving.refusals import RefusedError
from sora.serving.settings import Settings


@dataclass(frozen=True)
class Video:
    """A video that somebody sent.

    Attributes:
        path: of the file, for as long as the request lasts.
        content_hash: SHA-256.
        name: that the sender gave it; shown, and never part of a path.
    """

    path: Path
    content_hash: str
    name: str = "video"


class Engine:
    """Loaded networks and kept answers; threads may share it, and workers share what is kept."""

    def __init__(
        self, assets: Assets, settings: Settings, answers: Answers, observations: ObservationJournal
    ) -> None:
        """Load and warm up all networks.

        Args:
            assets: of the model.
            settings: of the service.
            answers: what is known; those of several models may lie in it.
            observations: where each new prediction is noted.

        Raises:
            SoraError: the bundle or the policy is missing or damaged, or the policy cannot be applied.
        """
        self.assets = assets
        self.settings = settings
        limits = settings.limits
        budget = Budget(limits.decode_seconds, limits.decode_gib)
        self._answers = answers
        self._observations = observations
        self.models = load_models(assets.bundle, budget, export_objects=False)
        self.explainer = Explainer(self.bundle)
        try:
            self._policy = _policy_of(assets, settings, self.models)
            self.models.predictor.warm_up()
        except BaseException:
            self.close()
            raise

    @property
    def bundle(self) -> Bundle:
        """The model."""
        return self.models.predictor.bundle

    @property
    def version(self) -> str:
        """Its name in the registry, or that of the bundle where it is of none."""
        return self.assets.version or self.bundle.version

    @property
    def guard(self) -> Guard:
        """The processes that read videos."""
        return self.models.predictor.guard

    @property
    def policy(self) -> Policy:
        """What is allowed.

        Raises:
            RefusedError: nobody has said so.
        """
        if self._policy is None:
            raise RefusedError(HTTPStatus.NOT_FOUND, "this service has no moderation policy")
        return self._policy

    def prediction(self, video: Video) -> Prediction:
        """Return what the model says of a whole video.

        Raises:
            VideoError: it cannot be judged.
            RefusedError: it is too long.
        """

        def compute() -> bytes:
            facts = self._require_length(video).facts
            found = self.models.predictor.predict(video.path)
            self._note(video, found, facts)
            return remembered.to_bytes(found)

        return remembered.from_bytes(_bytes(self._once("prediction", video, compute)))

    def analysis(self, video: Video, on_progress: OnProgress | None = None) -> Analysis:
        """Return the analysis that tags, moderation and summary are made from.

        Args:
            video: to be looked at.
            on_progress: as for ``analyse``; without it the answer is waited for, and long videos are refused.

        Raises:
            VideoError: it cannot be judged.
            RefusedError: it is too long.
        """

        def compute() -> bytes:
            self._require_length(video, is_waited_for=on_progress is None)
            return cache.to_bytes(analyse(video.path, self.models, DEFAULT_RULE, on_progress or _go_on))

        if on_progress is None:
            return cache.from_bytes(_bytes(self._once("analysis", video, compute)))
        # Not ``once``: whoever waited with a job would end with it when it is cancelled.
        key = self._key("analysis", video)
        found = self._answers.get(key)
        if found is None:
            found = compute()
            self._answers.put(key, found)
        return cache.from_bytes(_bytes(found))

    def kept(self, what: str, video: Video, compute: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """Return an answer about a video, made once; ``what`` names it and all its options."""
        answer = self._once(what, video, compute)
        assert isinstance(answer, dict)
        return answer

    def about(self, video: Video, answer: dict[str, Any]) -> dict[str, Any]:
        """Return an answer with what it is about."""
        digest, version = video.content_hash, self.bundle.version
        named = {"content_hash": digest, "model_version": version}
        return {**answer, **named, "prediction_id": prediction_id(digest, version)}

    def close(self) -> None:
        """End the processes that read videos."""
        self.guard.close()

    def _once(self, what: str, video: Video, compute: Callable[[], Answer]) -> Answer:
        kind = what.partition("-")[0]
        ASKED.labels(kind=kind).inc()

        def counted() -> Answer:
            COMPUTED.labels(kind=kind).inc()
            give_way()
            return compute()

        return self._answers.once(self._key(what, video), counted)

    def _note(self, video: Video, found: Prediction, facts: Facts) -> None:
        """Note what this version says of a video, unless another worker has done so this moment."""
        digest, version = video.content_hash, self.bundle.version
        if self._answers.claim(f"observation/{digest}/{version}"):
            self._observations.add(observation(digest, video.name, found, facts, model_version=version))

    def _require_length(self, video: Video, *, is_waited_for: bool = False) -> Declared:
        """Refuse what says of itself that it is long; what lies is ended by the limits of reading."""
        limits = self.settings.limits
        told: Declared = self.guard.call(declared, video.path)
        if told.seconds > limits.max_video_seconds:
            raise _too_long(told.seconds, limits.max_video_seconds, "send a part of it")
        if is_waited_for and told.seconds > limits.max_direct_seconds:
            advice = "send it to /jobs, which answers when it is done"
            raise _too_long(told.seconds, limits.max_direct_seconds, advice)
        return told

    def _key(self, what: str, video: Video) -> str:
        return f"{what}/{cache.analysis_key(video.content_hash, self.models, DEFAULT_RULE)}"


def _policy_of(assets: Assets, settings: Settings, models: Models) -> Policy | None:
    file = settings.policy or (assets.policy if assets.policy.exists() else None)
    if file is None:
        return None
    policy = read_policy(file)
    check_models(policy, models, file)
    return policy


def _too_long(seconds: float, limit_seconds: int, advice: str) -> RefusedError:
    return RefusedError(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        f"the video lasts {seconds:.0f} s, at most {limit_seconds} s are taken here; {advice}",
    )


def _go_on(_: float) -> None:
    """Take note of no progress."""


def _bytes(answer: Answer) -> bytes:
    assert isinstance(answer, bytes)
    return answer
