"""sora drift on a tiny bundle: videos against the project's stored features, and journals."""

import json
import shutil
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from bundles import LABELS, write_video
from drift_samples import observation
from indexed_projects import make_model, store_features
from typer.testing import CliRunner

from sora import layout
from sora.bundle import read_bundle
from sora.cli import app
from sora.drift.facts import watched_facts
from sora.drift.project import project_observations
from sora.drift.videos import find_videos, observe_videos
from sora.errors import SoraError
from sora.journal import append_record
from sora.manifest import write_table
from sora.params import Runtime
from sora.predictor import Predictor
from sora.sources.hashes import content_hash
from sora.video.probe import probe

ROOT = Path(__file__).parents[2]
NUM_VIDEOS = 8
CACHE = Path("cache")
RUNTIME = Runtime(num_workers=1, video_timeout_seconds=60, video_memory_gib=4)


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Path:
    """Write what the stages leave behind, all videos in test; it is never changed."""
    folder = tmp_path_factory.mktemp("project")
    make_model(folder)
    for path in ("new/a", "videos"):
        (folder / path).mkdir(parents=True)
    rows = []
    for number in range(NUM_VIDEOS):
        write_video(folder / f"new/a/v{number}.avi", seed=100 + number, brightness=60)
        file = write_video(folder / f"videos/{number}.avi", seed=number)
        store_features(folder, f"key{number}", file)
        rows.append(
            {
                **{"path": f"{number}.avi", "file": f"videos/{number}.avi", "label": LABELS[number % 3]},
                **{"group": f"g{number}", "split": "test", "key": f"key{number}", "view": 0},
                **{"reason": "", "content_hash": content_hash(file), "size_bytes": file.stat().st_size},
                **{"start_seconds": np.nan, "end_seconds": np.nan, **asdict(probe(file))},
            }
        )
    table = pd.DataFrame(rows)
    write_table(folder / layout.FEATURE_INDEX, table[["path", "view", "key", "reason"]])
    write_table(folder / layout.SPLITS, table[["path", "split"]])
    write_table(folder / layout.VALIDATED, table.drop(columns=["split", "key", "view", "reason"]))
    return folder


@pytest.fixture
def here(project, tmp_path, monkeypatch) -> None:
    """Work in a copy of the project."""
    shutil.copytree(project, tmp_path / "copy")
    monkeypatch.chdir(tmp_path / "copy")


def run(*words: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["drift", *words])
    assert done.exception is None or isinstance(done.exception, SystemExit)
    return done.exit_code, done.output


def test_stored_features_give_what_the_predictor_sees_in_the_files(here):
    bundle = read_bundle(layout.BUNDLE)
    stored = project_observations("test", bundle, RUNTIME, CACHE, groups=None, seed=0)
    predictor = Predictor(layout.BUNDLE)
    seen = observe_videos(find_videos([Path("videos")]), predictor, Path("other"), groups=None, seed=0)
    assert seen.failed == {}
    for one, other in zip(stored, seen.observations, strict=True):
        np.testing.assert_allclose(one.embedding, other.embedding, rtol=1e-2, atol=1e-3)
        assert (one.content_hash, one.label) == (other.content_hash, other.label)
        assert (
            one.facts
            == other.facts
            == watched_facts(
                asdict(probe(Path("videos") / one.video)), Path("videos", one.video).stat().st_size
            )
        )
        assert one.confidence == pytest.approx(other.confidence, abs=1e-5)
    assert [one.group for one in stored] == [f"{LABELS[n % 3]}/g{n}" for n in range(NUM_VIDEOS)]
    shutil.rmtree(layout.FEATURES)  # nothing is judged twice
    again = project_observations("test", bundle, RUNTIME, CACHE, groups=None, seed=0)
    assert [one.as_json() for one in again] == [one.as_json() for one in stored]


def test_darker_videos_have_drifted_and_damaged_ones_are_named(here):
    Path("new/a/bad.avi").write_bytes(b"no video")
    code, told = run("new", "-o", "out")
    assert (code, told.splitlines()[0]) == (0, "These videos have drifted.")
    assert told.splitlines()[-1] == "out/drift.html"
    found = json.loads(Path("out/drift.json").read_text())
    assert found["alarm"]["is_raised"]
    assert found["window"] == {"what": "the 8 videos of new", "num_videos": 8, "num_independent": 8}
    assert [*found["not_judged"]] == ["new/a/bad.avi"]
    assert "bad.avi" in Path("out/drift.html").read_text()


def test_the_same_videos_have_not(here):
    code, told = run("videos", "--groups", r"(?P<group>\d)\.avi", "-o", "out")
    assert (code, told.splitlines()[0]) == (0, "No drift was found.")
    assert "With 8 groups, only large changes would show." in told
    assert json.loads(Path("out/drift.json").read_text())["p_value"] == 1


def test_journals_need_no_project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    for number in range(40):
        shifted = {"embedding": np.full(8, 3.0) + rng.normal(size=8)} if number >= 20 else {}
        append_record(Path("served.jsonl"), lambda _, n=number, s=shifted: observation(n, rng, **s).as_json())
        append_record(Path("before.jsonl"), lambda _, n=number: observation(n, rng).as_json())
    code, told = run("served.jsonl", "--window", "20", "--against", "before.jsonl")
    assert (code, told.splitlines()[0]) == (0, "These videos have drifted.")
    assert "The 20 videos of served.jsonl differ from the 40 videos of before.jsonl" in told
    assert (layout.DRIFT / "drift.html").is_file()
    code, told = run("served.jsonl", "--since", "2026-12-01", "--against", "before.jsonl")
    assert (code, "holds no observation since 2026-12-01" in told) == (1, True)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nowhere"], "nowhere: no such file or folder"),
        (["models"], "models holds no videos"),
        (["new", "--window", "5"], "--window and --since take a part of a journal"),
        (["new", "--groups", "a("], "is not a regular expression"),
        (["new", "--groups", "a"], "needs a part in (?P<group>...)"),
        (["new", "--groups", "(?P<group>zz)"], "finds no group in new/a/v0.avi"),
        (["new/a/v0.avi", "new/a/v1.avi"], "the 2 videos of the window: 2 came, at least 5 videos"),
        (["new", "--against", "val"], "no valid video is in the splits val"),
        (["new", "--model", "nowhere"], "there is no model bundle here"),
    ],
)
def test_what_cannot_be_compared_ends_with_one_line(here, words, message):
    code, told = run(*words)
    assert code == 1
    assert message in told
    assert told.startswith("error: ")


def test_a_folder_without_one_usable_video_says_why(here):
    Path("bad").mkdir()
    Path("bad/v.avi").write_bytes(b"")
    with pytest.raises(SoraError, match="no such file"):
        find_videos([Path("bad/other.avi")])
    code, told = run("bad")
    assert (code, "no video could be judged; the first: bad/v.avi: is empty" in told) == (1, True)
