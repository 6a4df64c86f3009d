import numpy as np
import pytest
from bundles import LABELS, tiny_bundle, write_video
from live_bundles import LIVE_SPEC

from sora.errors import SoraError
from sora.frames.inputs import clean_clip, network_input
from sora.live.classifier import LiveClassifier
from sora.live.command import Request, run_watch
from sora.live.watch import Rhythm
from sora.runtimes import load_backbone, load_head, segment_features
from sora.video.pictures import square
from sora.video.read import read_frames

EVERY = 8


def test_the_answers_of_a_watch_are_those_of_whole_clips(bundle, tmp_path):
    video = write_video(tmp_path / "clip.avi", num_frames=50)  # 10 a second, as far apart as in a segment
    answers: list[dict] = []
    request = Request(str(video), bundle.folder, Rhythm(EVERY), paced=False)
    summary = run_watch(request, answers.append, lambda line: None)
    assert [answer["frame"] for answer in answers] == [8, 16, 24, 32, 40, 48]
    assert [answer["warming_up"] for answer in answers] == [True] * 3 + [False] * 3
    assert (summary.num_seen, summary.num_dropped, summary.num_classified) == (50, 0, 6)
    backbone, head = load_backbone(bundle.backbone), load_head(bundle.head)
    for place, answer in enumerate(answers):
        moments = [max(0, place - 3) + part * min(place + 1, 4) // 4 for part in range(4)]
        frames = [EVERY * moment + 4 + number for moment in moments for number in range(4)]
        pixels = read_frames(video, lambda _, chosen=frames: chosen, square(64)).pixels
        inputs = network_input(clean_clip(pixels, LIVE_SPEC.clip), LIVE_SPEC)
        expected, _ = head(segment_features(inputs, backbone))
        np.testing.assert_allclose(list(answer["probabilities"].values()), expected, atol=1e-6)
        assert answer["label"] == LABELS[int(expected.argmax())]


def test_a_dark_source_has_a_reason_and_no_label(bundle):
    classifier = LiveClassifier(bundle.folder)
    assert classifier.features(np.zeros((4, 64, 64, 3), np.uint8)) is None
    assert classifier.answer(None) == {"error": "no moment looked at has a brightness between 0.05 and 0.95"}


def test_a_bundle_that_looks_at_whole_videos_is_refused_with_what_to_do(tmp_path):
    folder = tiny_bundle(tmp_path / "sora").folder
    with pytest.raises(SoraError, match=r"cannot run live: .*streams crop; train one with recipe: fast in"):
        LiveClassifier(folder)
