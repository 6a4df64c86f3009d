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

MAX_FRAMES = 75  # of each clip


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    predictor = Predictor(tiny_bundle(tmp_path_factory.mktemp("bundle") / "sora").folder)
    yield Models(predictor, "none", "none")
    predictor.guard.close()


def join(videos: list[Path], path: Path) -> list[int]:
    """Write clips one after the other; return the number of the first frame of each, and of all."""
    with av.open(str(path), "w") as output:
        stream = output.add_stream("libx264", rate=25, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        edges = [0]
        for video in videos:
            edges.append(edges[-1])
            with av.open(str(video)) as container:
                for frame in islice(container.decode(video=0), MAX_FRAMES):
                    picture = av.VideoFrame.from_ndarray(frame.to_ndarray(format="rgb24"), "rgb24")
                    picture.pts, picture.time_base = edges[-1], Fraction(1, 25)
                    output.mux(stream.encode(picture))
                    edges[-1] += 1
        output.mux(stream.encode())
    return edges


def test_six_joined_clips_have_five_cuts_and_all_are_on_the_storyboard(shared, models, tmp_path):
    table = pd.read_csv(shared / "ucf101-6" / "labels.csv")
    first = table[table["group"] == "g03"].groupby("label")["path"].first()
    video = tmp_path / "six.mp4"
    edges = join([shared / "ucf101-6" / path for path in first], video)
    found = analyse(video, models)
    assert len(found.cuts_seconds) == 5
    np.testing.assert_allclose(found.cuts_seconds, np.array(edges[1:-1]) / 25, atol=3 / 25)
    summary = summarise(found)
    moments = [frame.seconds * 25 for frame in summary.key_frames.frames]
    assert set(np.searchsorted(edges, moments, side="right")) == set(range(1, 7))
    drawn = draw_storyboard(video, models.predictor.guard, found, summary)
    page = cv2.imdecode(np.frombuffer(drawn, np.uint8), cv2.IMREAD_COLOR)
    assert page.shape[1] == 4 * 320 + 3 * 16 + 2 * 32
