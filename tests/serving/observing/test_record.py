"""What the service notes is what drift reads."""

import numpy as np

from sora.drift.observation import from_json
from sora.predictor import Prediction
from sora.serving.observing.record import observation


def test_drift_reads_what_the_service_notes():
    embedding = np.array([0.25, -1.5, 3.0], np.float32)
    found = Prediction({"run": 0.25, "walk": 0.75}, "walk", ("walk",), embedding, "")
    record = observation(
        "ab" * 32, "clip.mp4", found, {"fps": 25.0, "video_codec": "h264"}, model_version="v1"
    )
    read = from_json(record, "here")
    assert (read.content_hash, read.model_version, read.video, read.group) == (
        "ab" * 32,
        "v1",
        "clip.mp4",
        "",
    )
    assert (read.label, read.confidence) == ("walk", 0.75)
    assert read.embedding.tolist() == [0.25, -1.5, 3.0]
    assert read.facts == {"fps": 25.0, "video_codec": "h264"}
    assert read.as_json() == record
