"""Shows 5: a summary of six real clips, one after the other."""

from fractions import Fraction
from itertools import islice
from pathlib import Path

import av
import cv2
import numpy as np
import pandas as pd
import pytest
from bundles import tiny_bundle

from sora.apps.analysis.analyse import analyse
from sora.apps.analysis.models import Models
from sora.apps.summary.write import draw_storyboard, summarise
from sora.predictor import Predictor

NUM_FRAMES = 75  # of each clip


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    predictor = Predictor(tiny_bundle(tmp_path_factory.mktemp("bundle") / "sora").folder)
    yield Models(predictor, "none", "none")
    predictor.guard.close()


def joined(videos: list[Path], path: Path) -> Path:
    with av.open(str(path), "w") as output:
        stream = output.add_stream("libx264", rate=25, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        count = 0
        for video in videos:
            with av.open(str(video)) as container:
                for frame in islice(container.decode(video=0), NUM_FRAMES):
                    picture = av.VideoFrame.from_ndarray(frame.to_ndarray(format="rgb24"), "rgb24")
                    picture.pts, picture.time_base = count, Fraction(1, 25)
                    output.mux(stream.encode(picture))
                    count += 1
        output.mux(stream.encode())
    return path


def test_six_joined_clips_have_five_cuts_and_all_are_on_the_storyboard(shared, models, tmp_path):
    table = pd.read_csv(shared / "ucf101-6" / "labels.csv")
    first = table[table["group"] == "g03"].groupby("label")["path"].first()
    video = joined([shared / "ucf101-6" / path for path in first], tmp_path / "six.mp4")
    found = analyse(video, models)
    expected = np.arange(1, 6) * NUM_FRAMES / 25
    assert len(found.cuts_seconds) == 5
    np.testing.assert_allclose(found.cuts_seconds, expected, atol=3 / 25)
    summary = summarise(found)
    shown = {int(frame.seconds * 25) // NUM_FRAMES for frame in summary.key_frames.frames}
    assert shown == set(range(6))
    drawn = draw_storyboard(video, models.predictor.guard, found, summary)
    page = cv2.imdecode(np.frombuffer(drawn, np.uint8), cv2.IMREAD_COLOR)
    assert page.shape[1] == 4 * 320 + 3 * 16 + 2 * 32
