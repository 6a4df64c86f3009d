"""What the model said of a video, as a line that ``sora.drift.observation`` reads."""

import base64
from collections.abc import Mapping
from datetime import UTC, datetime

import numpy as np

from sora.journal import Record
from sora.predictor import Prediction

_STORED = np.dtype("<f2")


def observation(
    content_hash: str,
    name: str,
    found: Prediction,
    facts: Mapping[str, float | str],
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
    return {
        "time": datetime.now(UTC).isoformat(),
        "content_hash": content_hash,
        "model_version": model_version,
        "label": found.label,
        "confidence": found.probabilities[found.label],
        "embedding": base64.b64encode(found.embedding.astype(_STORED).tobytes()).decode(),
        "facts": dict(facts),
        "group": "",
        "video": name,
    }
