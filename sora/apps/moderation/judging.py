"""Judging a video and putting it into the review queue where a person must look."""

from pathlib import Path
from typing import Any

from sora.apps.analysis.content import Analysis
from sora.apps.analysis.models import Models
from sora.apps.analysis.objects import ObjectClassifier
from sora.apps.moderation.policy import Policy, check_policy
from sora.apps.moderation.queue import item_id, submit
from sora.apps.moderation.verdict import Verdict, moderate
from sora.apps.tagging.groups import GROUPS


def check_models(policy: Policy, models: Models, path: Path) -> None:
    """Check before any video is read that a policy can be applied with these networks; raises SoraError."""
    names = models.objects.names if isinstance(models.objects, ObjectClassifier) else ()
    check_policy(
        policy,
        models.predictor.bundle.labels,
        {*names, *GROUPS},
        no_tags=models.no_objects,
        no_nsfw=models.no_looks,
        path=path,
    )


def judge(video: Path, analysis: Analysis, policy: Policy, queue: Path) -> dict[str, Any]:
    """Return the verdict on a video as plain values; one to review is put into the queue."""
    return queued(moderate(analysis, policy), video, analysis, policy, queue)


def queued(verdict: Verdict, video: Path, analysis: Analysis, policy: Policy, queue: Path) -> dict[str, Any]:
    """Put a video into the queue where its verdict is to review; return the verdict as plain values.

    There it is ``review_id``, and what was decided before about the same content, model and policy.
    """
    answer = verdict.as_json()
    if verdict.action != "review":
        return answer
    identifier = item_id(analysis.content_hash, analysis.model_version, policy.digest)
    item = submit(queue, identifier, str(video), verdict)
    return answer | {"review_id": item.id} | ({"decision": item.decision} if item.decision else {})
