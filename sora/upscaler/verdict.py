"""What all held-out clips say together."""

from collections.abc import Sequence
from statistics import mean

import numpy as np

from sora.enhance.judgement import Judged, Judgement
from sora.evaluation.intervals import mean_interval

_MOST_GAIN_DB = 20.0


def judgement(
    network_hash: str, clips: list[Judged], groups: Sequence[str], unread: dict[str, str]
) -> Judgement:
    """Return what all clips say together; ``groups`` names the source of each, for its clips are alike."""
    gains = np.array([clip.network_db - clip.lanczos_db for clip in clips])
    bounds = -_MOST_GAIN_DB, _MOST_GAIN_DB
    interval = mean_interval(gains.clip(*bounds), list(groups), bounds)
    return Judgement(
        network_hash=network_hash,
        beats_lanczos=interval.low > 0,
        network_db=mean(clip.network_db for clip in clips),
        lanczos_db=mean(clip.lanczos_db for clip in clips),
        bicubic_db=mean(clip.bicubic_db for clip in clips),
        gain_db=float(gains.mean()),
        gain_interval_db=(interval.low, interval.high),
        clips=clips,
        unread=unread,
    )
