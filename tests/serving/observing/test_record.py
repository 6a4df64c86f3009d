"""What the service notes is what drift reads."""

import numpy as np

from sora.drift.observation import from_json
from sora.predictor import Prediction
from sora.serving.observing.facts import Facts
from sora.serving.observing.record import observation


def test_drift_reads_what_the_service_notes():
    embedding = np.array([0.25, -1.5, 3.0], np.float32)
    found = Prediction({"run": 0.25, "walk": 0.75}, "walk", ("walk",), embedding, "")
    facts: Facts = {"fps": 25.0, "video_codec": "h264"}
    record = observation("ab" * 32, "clip.mp4", found, facts, model_version="v1")
    read = from_json(record, "here")
    assert (read.content_hash, read.model_version, read.video) == ("ab" * 32, "v1", "clip.mp4")
    assert (read.label, read.confidence) == ("walk", 0.75)
    assert read.embedding.tolist() == [0.25, -1.5, 3.0]
    assert read.facts == facts
    assert read.as_json() == record
