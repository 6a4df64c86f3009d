"""What lies beside the bundle in a Bento, made from a project with a tiny bundle."""

import json
import shutil
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from bundles import LABELS, SPEC
from indexed_projects import make_indexed_project, rewritten_bundle

from sora import layout
from sora.apps.analysis.models import load_models
from sora.apps.analysis.objects import (
    ObjectClassifier,
    backbone_digest,
    classifier_path,
    read_classifier,
    write_classifier,
)
from sora.apps.index.store import open_index
from sora.bundle import Bundle, read_bundle
from sora.errors import SoraError
from sora.manifest import write_table
from sora.params import Runtime
from sora.serving.bento.contents import write_contents

RUNTIME = Runtime(num_workers=1, video_timeout_seconds=60, video_memory_gib=4)
KNOWN, POLICY = Path("known.db"), Path("mine.yaml")
LITE = replace(SPEC, backbone="efficientnet_lite0", backbone_blocks=["mean"])


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("project")
    make_indexed_project(folder)
    (folder / POLICY).write_text("labels:\n  - {names: [waving], at_least: 0.5, action: review}\n")
    return folder


@pytest.fixture
def here(project, tmp_path, monkeypatch) -> Bundle:
    """Work in a copy of the project."""
    shutil.copytree(project, tmp_path / "copy")
    monkeypatch.chdir(tmp_path / "copy")
    return read_bundle(layout.BUNDLE)


def rows(index: Path) -> list[tuple]:
    opened = open_index(index)
    ids, vectors = opened.vectors()
    entries = opened.entries()
    return [(int(i), entries[int(i)], v.tobytes()) for i, v in zip(ids, vectors, strict=True)]


def test_index_and_policy_lie_there_and_objects_only_where_there_are_some(here):
    reason = write_contents(Path("beside"), here, POLICY, KNOWN, RUNTIME)
    assert "objects are named only" in reason
    assert sorted(path.name for path in Path("beside").iterdir()) == ["policy.yaml", "search.db"]
    assert Path("beside/policy.yaml").read_bytes() == POLICY.read_bytes()
    entries = open_index(Path("beside/search.db"), here.version).entries().values()
    assert [(e.video, e.labels, e.file) for e in entries] == [
        (f"{label}/{number}.avi", (label,), "") for number, label in enumerate(LABELS)
    ]


def test_the_index_is_that_of_the_videos_whatever_came_before(here):
    write_contents(Path("fresh"), here, POLICY, KNOWN, RUNTIME)
    videos = pd.read_csv(layout.VALIDATED)
    write_table(layout.VALIDATED, videos.drop(index=0))
    write_contents(Path("fewer"), here, POLICY, KNOWN, RUNTIME)
    assert len(rows(Path("fewer/search.db"))) == len(LABELS) - 1
    write_table(layout.VALIDATED, videos)
    for key in ("key1", "key2"):  # nothing that is known is embedded again
        (layout.FEATURES / f"{key}.npy").unlink()
    write_contents(Path("again"), here, POLICY, KNOWN, RUNTIME)
    assert rows(Path("again/search.db")) == rows(Path("fresh/search.db"))


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        (
            "tags:\n  - {names: [beach], at_least: 0.5, action: block}",
            "has rules about tags, but objects are",
        ),
        (
            "labels:\n  - {names: [wavin], at_least: 0.5, action: block}",
            "there is no 'wavin'; there is 'waving'",
        ),
    ],
)
def test_a_policy_that_cannot_be_applied_is_an_error_now(here, rule, message):
    POLICY.write_text(rule)
    with pytest.raises(SoraError, match=message):
        write_contents(Path("beside"), here, POLICY, KNOWN, RUNTIME)
    assert not Path("beside/search.db").exists()


def test_the_names_of_objects_come_along_and_a_server_writes_none(here):
    bundle = rewritten_bundle(here, spec=LITE)
    layout.INPUT_SPEC.write_text(json.dumps(asdict(LITE)))
    served = load_models(bundle.folder, export_objects=False)
    assert "objects.npz: the classifier of objects is not here" in served.no_objects
    assert not classifier_path(bundle.folder).exists()

    kernel, bias = np.ones((8, 2), np.float32), np.zeros(2, np.float32)
    classifier = ObjectClassifier(kernel, bias, ("beach", "mop"), backbone_digest(bundle))
    write_classifier(classifier_path(bundle.folder), classifier)
    POLICY.write_text("tags:\n  - {names: [mop], at_least: 0.5, action: block}")
    assert write_contents(Path("beside"), bundle, POLICY, KNOWN, RUNTIME) == ""
    assert read_classifier(Path("beside/sora.objects.npz"), bundle).names == ("beach", "mop")
