"""Made-up analyses, for everything that works on one."""

from dataclasses import replace

import numpy as np

from sora.apps.analysis.content import Analysis, Facts, Gap, Looks, Windows

LABELS = ("Jumping", "Running", "WavingHands")
OBJECTS = (*(f"object {place}" for place in range(999)), "couch")


def analysis(
    probabilities: list[list[float]],
    *,
    seconds: float = 4.0,
    shots: list[int] | None = None,
    objects: dict[int, list[float]] | None = None,
    nsfw: list[float] | None = None,
    gaps: tuple[Gap, ...] = (),
) -> Analysis:
    """One window for each row of probabilities, a look each second; ``objects``: scores by place."""
    count = len(probabilities)
    starts = np.arange(count) * seconds
    shot = np.array(shots or [0] * count)
    scores = np.zeros((count, len(OBJECTS)), np.float32)
    for place, values in (objects or {}).items():
        scores[:, place] = values
    windows = Windows(
        starts=starts,
        ends=starts + seconds,
        keys=starts + seconds / 2,
        shots=shot,
        probabilities=np.array(probabilities, np.float32),
        embeddings=np.eye(8, dtype=np.float32)[np.arange(count) % 8],
        objects=scores,
    )
    times = np.arange(len(nsfw or [])) + 0.5
    return Analysis(
        content_hash="ab" * 32,
        model_version="0123456789abcdef",
        facts=Facts(count * seconds, 320, 240, 25.0, "h264", False),
        labels=LABELS,
        several_labels=False,
        object_names=OBJECTS,
        cuts_seconds=tuple((starts[1:][np.diff(shot) > 0]).tolist()),
        windows=windows,
        gaps=gaps,
        looks=Looks(times, np.array(nsfw or [], np.float32)),
        no_objects="",
        no_looks="",
        warning="",
    )


def without_extras(given: Analysis) -> Analysis:
    """The same without objects and looks."""
    bare = replace(given.windows, objects=given.windows.objects[:, :0])
    return replace(
        given,
        windows=bare,
        object_names=(),
        looks=None,
        no_objects="none here",
        no_looks="pip install it",
    )
