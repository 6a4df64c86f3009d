import json
from dataclasses import asdict

import pandas as pd
import pytest
import toy_videos

from sora.errors import SoraError
from sora.manifest import write_table
from sora.networks.model_files import save_model
from sora.training.linear_classifiers import Candidate
from sora.training.linear_fit import LinearChoices
from sora.training.parent import Parent, read_parent, require_same_videos

CHOICES = LinearChoices({"rgb": Candidate("svm", 10.0)}, {"rgb": 2.0}, {"rgb": 1.0})


def table(*rows):
    return pd.DataFrame(rows, columns=["key", "label", "split"])


def parent(*rows):
    return Parent(None, None, ["a"], table(*rows))


@pytest.mark.parametrize(("then", "now"), [("train", "val"), ("train", "test"), ("val", "test")])
def test_no_video_may_judge_what_has_learned_it(then, now):
    videos = table(("1", "a", now), ("2", "a", "test")).assign(path=["one.mp4", "two.mp4"])
    with pytest.raises(SoraError, match=rf"learned 1 videos .* one\.mp4: in {then} then, in {now} now"):
        require_same_videos(videos, parent(("1", "a", then)))


def test_nothing_is_unlearned():
    videos = table(("1", "a", "train")).assign(path=["one.mp4"])
    with pytest.raises(SoraError, match=r"learned 1 videos that are not there any more.* sora update --off"):
        require_same_videos(videos, parent(("1", "a", "train"), ("2", "a", "train")))
    with pytest.raises(SoraError, match="knows no video as it is extracted now"):
        require_same_videos(videos, parent(("2", "a", "train")))


def test_what_judged_may_be_learned_and_new_videos_may_be_anywhere():
    videos = table(("1", "a", "train"), ("2", "a", "test")).assign(path=["one.mp4", "two.mp4"])
    require_same_videos(videos, parent(("1", "a", "val")))


def test_what_train_wrote_is_read_back(tmp_path):
    save_model(toy_videos.classifier(), tmp_path)
    (tmp_path / "labels.json").write_text('["a", "b", "c"]')
    with pytest.raises(SoraError, match=r"learned\.csv is missing: .* a whole copy of models/trained; run"):
        read_parent(tmp_path)
    write_table(tmp_path / "learned.csv", table(("1", "a", "train")))
    found = read_parent(tmp_path)
    assert (found.labels, found.choices, found.judged) == (["a", "b", "c"], None, found.model)
    assert found.known == {("1", "a")}
    (tmp_path / "choices.json").write_text(json.dumps(asdict(CHOICES)))
    assert read_parent(tmp_path).choices == CHOICES
    (tmp_path / "choices.json").write_text("{")
    with pytest.raises(SoraError, match=r"choices\.json: is damaged"):
        read_parent(tmp_path)
