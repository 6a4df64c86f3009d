"""One Bento with a tiny model, and one server of it, for all tests here that need one."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from bare_pythons import bare_python
from bento_servers import Served, serving
from bundles import tiny_bundle, write_video

from sora.apps.index.entries import Entry
from sora.apps.index.store import create_index
from sora.apps.index.videos import vector_of
from sora.bundle import Bundle
from sora.predictor import Prediction, Predictor
from sora.serving.bento.build import build_bento

POLICY = """
duration:
  - {longer_than_seconds: 1.5, action: review}
  - {longer_than_seconds: 4, action: block}
"""
LIMITS = {
    "SORA_MAX_BYTES": "3000000",
    "SORA_UPLOAD_SECONDS": "4",
    "SORA_DECODE_SECONDS": "10",
    "SORA_MAX_DIRECT_SECONDS": "20",
    "SORA_MAX_VIDEO_SECONDS": "60",
    "SORA_MAX_ENHANCED_PIXELS": "12000000",
    "SORA_ALLOWED_NETWORKS": "127.0.0.0/8",
}


@pytest.fixture(scope="session")
def home(tmp_path_factory) -> Iterator[Path]:
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("bentoml")
        patch.setenv("BENTOML_HOME", str(folder))
        patch.setenv("BENTOML_DO_NOT_TRACK", "True")
        yield folder


@pytest.fixture(scope="session")
def bundle(tmp_path_factory) -> Bundle:
    return tiny_bundle(tmp_path_factory.mktemp("bundle") / "sora")


@pytest.fixture(scope="session")
def predictor(bundle) -> Iterator[Predictor]:
    loaded = Predictor(bundle.folder)
    yield loaded
    loaded.guard.close()


@pytest.fixture(scope="session")
def clips(tmp_path_factory) -> list[Path]:
    """Videos that the index knows; the first is 2 s long."""
    folder = tmp_path_factory.mktemp("clips")
    return [write_video(folder / f"{seed}.mp4", seed=seed) for seed in range(4)]


@pytest.fixture(scope="session")
def said(predictor, clips) -> list[Prediction]:
    return [predictor.predict(clip) for clip in clips]


@pytest.fixture(scope="session")
def contents(bundle, clips, said, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("contents")
    (folder / "policy.yaml").write_text(POLICY)
    known = zip(clips, said, strict=True)
    entries = [Entry(clip.name, f"{place:064x}", "", one.labels, ("noise",))
               for place, (clip, one) in enumerate(known)]  # fmt: skip
    vectors = np.stack([vector_of(one) for one in said])
    create_index(folder / "search.db", bundle.version).put(entries, vectors)
    return folder


@pytest.fixture(scope="session")
def exported(home, bundle, contents, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("exported") / "sora.bento"
    assert build_bento(bundle.folder, path, contents) == f"sora-video:{bundle.version}"
    return path


@pytest.fixture(scope="session")
def bare(exported, home, bundle, tmp_path_factory) -> Path:
    """A Python that has what the Bento requires, and nothing else."""
    stored = home / "bentos" / "sora-video" / bundle.version
    return bare_python(tmp_path_factory.mktemp("bare"), stored / "env" / "python" / "requirements.txt")


@pytest.fixture(scope="session")
def state(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("state")


@pytest.fixture(scope="session")
def served(bare, state, tmp_path_factory) -> Iterator[Served]:
    """The Bento, served from an empty folder, without the project and without what trains."""
    cwd, log = tmp_path_factory.mktemp("empty"), tmp_path_factory.mktemp("log") / "log"
    with serving(cwd, log, bare, **LIMITS, SORA_STATE=str(state)) as one:
        yield one
    assert list(cwd.iterdir()) == []
