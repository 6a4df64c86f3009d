"""Synthetic videos for the tests of drift."""

from datetime import UTC, datetime

import numpy as np

from sora.drift.observation import Observation
from sora.drift.sample import Sample, sample_of

LABELS = ("run", "wa<b>lk", "wave")
MODEL = "0123456789abcdef"


def observation(number: int, rng: np.random.Generator, **changes: object) -> Observation:
    """Return a video of no particular kind."""
    fields = {
        "time": datetime(2026, 11, 1, number % 24, tzinfo=UTC),
        "content_hash": f"{number:064x}",
        "model_version": MODEL,
        "label": LABELS[rng.integers(3)],
        "confidence": float(rng.beta(8, 1)),
        "embedding": rng.normal(size=8).astype(np.float32),
        "facts": {
            "mean_brightness": float(rng.beta(4, 6)),
            "fps": float(rng.choice([25.0, 30.0])),
            "width": 320.0,
            "video_codec": str(rng.choice(["h264", "mpeg4"])),
        },
        "video": f"{number}.mp4",
    }
    return Observation(**(fields | changes))  # type: ignore[arg-type]


def sample(
    num_videos: int, seed: int, *, group_size: int = 0, shift: float = 0.0, dark: float = 1.0
) -> Sample:
    """Return videos, in groups where ``group_size`` is given; those of a group are much alike.

    ``shift`` moves every embedding, ``dark`` is a factor of the brightness.
    """
    rng = np.random.default_rng(seed)
    found = [observation(number, rng) for number in range(num_videos)]
    made = sample_of(f"the videos of seed {seed}", found)
    made.embeddings[:] += shift
    for row in made.facts:
        row["mean_brightness"] *= dark
    return in_groups(made, group_size, seed) if group_size else made


def in_groups(made: Sample, size: int, seed: int) -> Sample:
    first = np.arange(len(made)) // size * size
    own = np.random.default_rng(seed).normal(scale=0.1, size=made.embeddings.shape).astype(np.float32)
    alike = made.at(first)
    return Sample(
        made.title,
        made.names,
        tuple(f"{seed}-{place}" for place in first),
        alike.labels,
        alike.confidences,
        alike.embeddings + own,
        tuple(dict(row) for row in alike.facts),
        made.model_version,
    )
