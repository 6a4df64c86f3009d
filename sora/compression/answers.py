"""What every candidate says of a video, in one reading of its clip; light to import, for children do it."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sora.frames.inputs import network_input
from sora.frames.spec import InputSpec
from sora.runtimes import kept_backbone, kept_head, segment_features
from sora.video.write import read_clip


@dataclass(frozen=True)
class Asked:
    """Which networks answer: the files of a backbone and a head for each candidate."""

    networks: tuple[tuple[str, str], ...]
    spec: InputSpec


def candidate_answers(item: tuple[str, Asked]) -> np.ndarray:
    """Return the probabilities that each candidate gives for a clip's file, float32 (number of them, C)."""
    clip, asked = item
    given = network_input(read_clip(Path(clip), asked.spec.clip.num_frames), asked.spec)
    answers = []
    for backbone, head in asked.networks:
        features = segment_features(given, kept_backbone(Path(backbone)))
        answers.append(kept_head(Path(head))(features)[0])
    return np.stack(answers)
