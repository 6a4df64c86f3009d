"""The project's videos in an index, and the commands, on a tiny bundle."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from bundles import LABELS, write_video
from indexed_projects import NUM_VIDEOS, make_indexed_project, rewritten_bundle
from typer.testing import CliRunner

from sora import layout
from sora.apps.index.project import build_index
from sora.apps.index.store import open_index
from sora.apps.index.videos import Description, vector_of
from sora.bundle import Bundle, read_bundle
from sora.cli import app
from sora.errors import SoraError
from sora.manifest import write_table
from sora.params import Runtime
from sora.predictor import Predictor

RUNTIME = Runtime(num_workers=1, video_timeout_seconds=60, video_memory_gib=4)
INDEX = Path("models/search.db")


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Path:
    """Write what the stages leave behind; it is never changed."""
    folder = tmp_path_factory.mktemp("project")
    make_indexed_project(folder)
    return folder


@pytest.fixture
def here(project, tmp_path, monkeypatch) -> Bundle:
    """Work in a copy of the project."""
    shutil.copytree(project, tmp_path / "copy")
    monkeypatch.chdir(tmp_path / "copy")
    return read_bundle(layout.BUNDLE)


Run = Callable[..., tuple[int, list[dict[str, Any]]]]


@pytest.fixture
def run() -> Run:
    """Run a command; give its exit code and the objects that it printed."""

    def call(*words: str) -> tuple[int, list[dict[str, Any]]]:
        done = CliRunner().invoke(app, list(words))
        assert done.exception is None or isinstance(done.exception, SystemExit)
        return done.exit_code, [json.loads(line) for line in done.stdout.splitlines() if line[0] == "{"]

    return call


def never(path: Path) -> Description:
    raise AssertionError(f"{path} need not be embedded")


def test_stored_features_give_the_vectors_that_the_predictor_gives(here):
    built = build_index(INDEX, here, RUNTIME, never)
    index = open_index(INDEX, here.version)
    entries, (ids, vectors) = index.entries(), index.vectors()
    assert (built.num_videos, built.num_put) == (NUM_VIDEOS, NUM_VIDEOS)
    assert [(e.video, e.labels, e.origin) for e in entries.values()] == [
        (f"{label}/{number}.avi", (label,), "project") for number, label in enumerate(LABELS)
    ]
    predictor = Predictor(here.folder)
    for number, vector in zip(ids, vectors, strict=True):
        expected = vector_of(predictor.predict(Path(entries[number].file)))
        np.testing.assert_allclose(vector, expected, atol=1e-5)


def test_building_again_follows_the_tables_and_keeps_tags_and_added_videos(here, run):
    build_index(INDEX, here, RUNTIME, never)
    index = open_index(INDEX)
    assert build_index(INDEX, here, RUNTIME, never).num_put == 0
    index.set_tags({"jumping/0.avi": ["beach"]})
    write_video(Path("mine.avi"), seed=9)
    assert run("index", "add", "mine.avi") == (0, [{"video": "mine.avi", "outcome": "added"}])
    videos = pd.read_csv(layout.VALIDATED)
    videos.loc[0, "label"] = "waving"
    write_table(layout.VALIDATED, videos.drop(index=1))
    for key in ("key0", "key2"):  # nothing is embedded twice
        (layout.FEATURES / f"{key}.npy").unlink()

    built = build_index(INDEX, here, RUNTIME, never)

    assert (built.num_put, built.removed, built.failed) == (1, ("running/1.avi",), ())
    entries = {entry.video: entry for entry in index.entries().values()}
    assert set(entries) == {"jumping/0.avi", "waving/2.avi", "mine.avi"}
    assert (entries["jumping/0.avi"].labels, entries["jumping/0.avi"].tags) == (("waving",), ("beach",))


def test_a_new_model_embeds_everything_again(here, run):
    write_video(Path("mine.avi"), seed=9)
    run("index", "build")
    run("index", "add", "mine.avi")
    run("index", "tag", "mine.avi", "--tag", "garden")
    write_video(Path("edited.avi"), seed=10)
    run("index", "add", "edited.avi")
    write_video(Path("edited.avi"), seed=11)
    bundle = rewritten_bundle(here, variant="another")

    assert run("search", "mine.avi")[0] == 1
    reason = "has changed since it was added; add it again"
    lost = {"video": "edited.avi", "outcome": "failed", "reason": reason}
    assert run("index", "build") == (1, [lost])
    assert len(open_index(INDEX, bundle.version).ids()) == NUM_VIDEOS + 1
    assert run("index", "build") == (0, [])
    assert run("search", "--tag", "gard")[1][0]["results"][0]["video"] == "mine.avi"


def test_a_bundle_of_another_model_than_the_features_is_refused(here):
    layout.TRAINED_LABELS.write_text('["other", "labels"]')
    with pytest.raises(SoraError, match="the bundle is not made of the model in models/trained"):
        build_index(INDEX, here, RUNTIME, never)
    assert not INDEX.exists()


def test_search_by_example_and_by_words(here, run):
    run("index", "build")
    code, (found,) = run("search", "1.avi", "--top", "2")
    assert code == 0
    assert [hit["video"] for hit in found["results"]] != []
    assert "running/1.avi" not in [hit["video"] for hit in found["results"]], "the example itself"
    similarities = [hit["similarity"] for hit in found["results"]]
    assert similarities == sorted(similarities, reverse=True)

    write_video(Path("new.avi"), seed=9)
    code, (found, failed) = run("search", "new.avi", "missing.avi", "--label", "wav")
    assert (code, [hit["labels"] for hit in found["results"]]) == (1, [["waving"]])
    assert failed == {"video": "missing.avi", "error": "cannot be read (No such file or directory)"}

    code, (found,) = run("search", "--label", "RUN")
    assert (code, [hit["video"] for hit in found["results"]]) == (0, ["running/1.avi"])
    assert "similarity" not in found["results"][0]


def test_recommend_for_a_user_and_for_someone_new(here, run):
    run("index", "build")
    Path("history.csv").write_text(
        "user,video,time\nann,jumping/0.avi,2026-01-01\nbob,waving/2.avi,2026-01-02\n"
    )
    code, (ann,) = run("recommend", "--history", "history.csv", "--user", "ann")
    _, (new,) = run("recommend", "--history", "history.csv")
    assert code == 0
    assert {one["video"] for one in ann["results"]} == {"running/1.avi", "waving/2.avi"}
    assert {one["because"] for one in ann["results"]} == {"jumping/0.avi"}
    assert (new["user"], len(new["results"])) == (None, NUM_VIDEOS)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["search", "0.avi"], "models/search.db: there is no index here; run sora index build"),
        (["search", "--label", "run"], "there is no index here"),
        (["index", "show"], "there is no index here"),
        (["recommend", "--history", "none.csv"], "there is no index here"),
    ],
)
def test_without_an_index_one_line_says_what_to_do(here, words: list[str], message: str):
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 1
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_unknown_users_and_names_are_told(here, run):
    run("index", "build")
    Path("history.csv").write_text("user,video,time\nann,jumping/0.avi,yesterday\n")
    assert (
        "history.csv, line 2: time: "
        in CliRunner().invoke(app, ["recommend", "--history", "history.csv"]).stderr
    )
    Path("history.csv").write_text("user,video,time\nann,jumping/0.avi,1\n")
    done = CliRunner().invoke(app, ["recommend", "--history", "history.csv", "--user", "eve"])
    assert "user 'eve': not in the history" in done.stderr
    assert run("index", "remove", "running/1.avi", "no.avi") == (
        1,
        [
            {"video": "running/1.avi", "outcome": "removed"},
            {"video": "no.avi", "outcome": "not in the index"},
        ],
    )
    assert [video["video"] for video in run("index", "show")[1]] == ["jumping/0.avi", "waving/2.avi"]
