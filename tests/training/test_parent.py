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
from sora.training.parent import Parent, read_parent, splits_of_update

CHOICES = LinearChoices({"rgb": Candidate("svm", 10.0)}, {"rgb": 2.0}, {"rgb": 1.0})


def table(*rows):
    """Give rows of key and split, where a key ends with the number of its view."""
    named = [(key, int(key[-1]), "a", split) for key, split in rows]
    return pd.DataFrame(named, columns=["key", "view", "label", "split"])


def videos(*rows):
    return table(*rows).assign(path=[f"{key[:-1]}.mp4" for key, _ in rows])


def parent(*rows):
    return Parent(None, None, ["a"], table(*rows))


@pytest.mark.parametrize("then", ["train", "val"])
def test_no_test_video_may_have_been_learned(then):
    with pytest.raises(SoraError, match=r"has learned what is in test now, such as one\.mp4"):
        splits_of_update(videos(("one0", "test"), ("two0", "test")), parent(("one0", then)))


def test_nothing_is_unlearned():
    now = videos(("one0", "train"))
    with pytest.raises(SoraError, match=r"learned 1 video not there any more.* sora update --off"):
        splits_of_update(now, parent(("one0", "train"), ("two0", "train"), ("two1", "train")))
    with pytest.raises(SoraError, match="knows no video as it is extracted now"):
        splits_of_update(now, parent(("two0", "train")))


def test_what_was_learned_in_train_stays_there_and_others_are_where_they_are_now():
    known = parent(("stays0", "train"), ("moves0", "train"), ("moves1", "train"), ("judged0", "val"))
    now = videos(
        ("stays0", "train"), ("moves0", "val"), ("judged0", "train"), ("new0", "val"), ("far0", "test")
    )
    assert list(splits_of_update(now, known)) == ["train", "train", "train", "val", "test"]
    assert list(now["split"]) == ["train", "val", "train", "val", "test"]


def test_what_train_wrote_is_read_back(tmp_path):
    save_model(toy_videos.classifier(), tmp_path)
    (tmp_path / "labels.json").write_text('["a", "b", "c"]')
    with pytest.raises(SoraError, match=r"learned\.csv is missing: .* a whole copy of models/trained; run"):
        read_parent(tmp_path)
    write_table(tmp_path / "learned.csv", table(("1-0", "train")))
    found = read_parent(tmp_path)
    assert (found.labels, found.choices, found.judged) == (["a", "b", "c"], None, found.model)
    assert found.known == {("1-0", "a")}
    (tmp_path / "choices.json").write_text(json.dumps(asdict(CHOICES)))
    assert read_parent(tmp_path).choices == CHOICES
    (tmp_path / "choices.json").write_text("{")
    with pytest.raises(SoraError, match=r"choices\.json: is damaged"):
        read_parent(tmp_path)
