"""What the model said of a video, as a line that ``sora.drift.observation`` reads."""

from datetime import UTC, datetime

from sora.drift.observation import Observation
from sora.journal import Record
from sora.predictor import Prediction
from sora.serving.observing.facts import Facts


def observation(
    content_hash: str,
    name: str,
    found: Prediction,
    facts: Facts,
    *,
    model_version: str,
) -> Record:
    """Return an observation of now; its source is not known to a service.

    Args:
        content_hash: of the video.
        name: that its sender gave it.
        found: what the model says.
        facts: of the video.
        model_version: of the bundle.
    """
    seen = Observation(
        time=datetime.now(UTC),
        content_hash=content_hash,
        model_version=model_version,
        label=found.label,
        confidence=found.probabilities[found.label],
        embedding=found.embedding,
        facts=facts,
        video=name,
    )
    return seen.as_json()
