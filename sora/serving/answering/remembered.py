"""Predictions as they are kept between requests."""

import json
from dataclasses import asdict

import numpy as np

from sora.predictor import Prediction


def to_bytes(found: Prediction) -> bytes:
    """Return a prediction as JSON, UTF-8."""
    record = asdict(found) | {"embedding": found.embedding.tolist()}
    return json.dumps(record, ensure_ascii=False, allow_nan=False).encode()


def from_bytes(data: bytes) -> Prediction:
    """Return what ``to_bytes`` wrote: float32 survives the way through decimal numbers."""
    record = json.loads(data)
    labels, embedding = tuple(record.pop("labels")), np.array(record.pop("embedding"), np.float32)
    return Prediction(**record, labels=labels, embedding=embedding)
