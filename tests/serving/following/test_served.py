"""A real server under load while models are promoted, rolled back and refused."""

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import psutil
import pytest
from bento_servers import Served, serving
from promoted_models import promote_model

from sora import layout
from sora.apps.index.entries import Entry
from sora.apps.index.store import create_index
from sora.apps.index.videos import vector_of
from sora.bundle import Bundle, write_bundle
from sora.drift.journal import read_journal
from sora.predictor import Prediction
from sora.registry.rollback import roll_back

pytestmark = pytest.mark.slow

NUM_CLIENTS, NUM_WORKERS = 4, 2
REFUSED = "what serves there cannot be taken"
SWAP_SECONDS = 60  # far more than it takes, for machines that are busy


@dataclass(frozen=True)
class Version:
    """What answers of one version say."""

    labels: tuple[str, ...]
    action: str
    videos: set[str]  # in its index


@dataclass(frozen=True)
class Promotable:
    """A model, what its answers say, and what lies beside it in its Bento."""

    bundle: Bundle
    version: Version
    beside: dict[str, bytes]


@dataclass(frozen=True)
class Load:
    """What clients were told while models were exchanged."""

    versions: dict[str, Version]
    answers: list[tuple[str, int, dict[str, Any]]] = field(default_factory=list)

    def faults(self) -> list[tuple[str, int, dict[str, Any]]]:
        """Return the answers that are none, or not of one version."""
        return [answer for answer in self.answers if not self._is_whole(*answer)]

    def _is_whole(self, endpoint: str, status: int, told: dict[str, Any]) -> bool:
        if status != 200:
            return False
        version = self.versions[told["model_version"]]
        if told["prediction_id"] != f"{told['content_hash'][:16]}-{told['model_version']}":
            return False
        if endpoint == "/classify":
            return tuple(told["probabilities"]) == version.labels and told["label"] in version.labels
        if endpoint == "/moderate":
            return told["action"] == version.action
        return {hit["video"] for hit in told["results"]} == version.videos


def relabelled(bundle: Bundle, folder: Path, labels: tuple[str, ...]) -> Bundle:
    """Write the same networks with other names for what they say."""
    return write_bundle(
        folder,
        **{name: getattr(bundle, name) for name in ("backbone", "head", "edge_backbone", "edge_head")},
        spec=bundle.spec,
        labels=labels,
        several_labels=False,
        variant="float32",
        edge_variant="float32",
        lineage=bundle.lineage,
    )


def beside(bundle: Bundle, said: Prediction, version: Version, label: str) -> dict[str, bytes]:
    """Return an index, and a policy that asks for ever so little of a label."""
    index = bundle.folder.with_name("search.db")
    entries = [Entry(video, "0" * 64, "", version.labels) for video in version.videos]
    create_index(index, bundle.version).put(entries, np.stack([vector_of(said)]))
    policy = f"labels:\n  - {{names: [{label}], at_least: 0.000001, action: {version.action}}}\n"
    return {"policy.yaml": policy.encode(), "search.db": index.read_bytes()}


@contextmanager
def under_load(served: Served, load: Load, clips: list[Path]) -> Iterator[None]:
    stop = threading.Event()

    def ask(number: int) -> None:
        turns = itertools.cycle(itertools.product(clips, ("/classify", "/moderate", "/search")))
        with served.client() as client:
            for clip, endpoint in itertools.islice(turns, number, None):
                if stop.is_set():
                    return
                files = {"video": ("clip.mp4", clip.read_bytes())}
                answer = client.post(endpoint, files=files)
                load.answers.append((endpoint, answer.status_code, answer.json()))
                time.sleep(0.05)

    with ThreadPoolExecutor(NUM_CLIENTS) as pool:
        clients = [pool.submit(ask, number) for number in range(NUM_CLIENTS)]
        try:
            yield
        finally:
            stop.set()
        for client in clients:
            client.result()


def wait_until(holds: Callable[[], bool], served: Served) -> None:
    end = time.monotonic() + SWAP_SECONDS
    while not holds():
        assert time.monotonic() < end, served.log.read_text()[-3000:]
        time.sleep(0.1)


def count(served: Served, words: str) -> int:
    return served.log.read_text().count(words)


def answering(served: Served) -> set[str]:
    """Return what answers; each request is a new connection, which either worker may take."""
    asked = [httpx.get(f"{served.url}/health", timeout=30).json() for _ in range(20)]
    return {told["model_version"] for told in asked}


def num_processes(served: Served) -> int:
    return len(psutil.Process(served.process.pid).children(recursive=True))


@pytest.fixture
def models(
    bundle: Bundle, said: list[Prediction], clips: list[Path], tmp_path: Path
) -> dict[str, Promotable]:
    """Give what the Bento itself has, two other models, and one whose policy asks for a label it lacks."""
    own = Version(bundle.labels, "review", {clip.name for clip in clips})
    found = {"own": Promotable(bundle, own, {})}
    for name, action in (("one", "block"), ("two", "review"), ("bad", "review")):
        other = relabelled(bundle, tmp_path / name / "sora", (f"hop {name}", "run", "wave"))
        version = Version(other.labels, action, {f"of {name}.mp4"})
        asked = "no such label" if name == "bad" else other.labels[0]
        found[name] = Promotable(other, version, beside(other, said[0], version, asked))
    return found


@pytest.mark.usefixtures("exported")
def test_models_are_exchanged_under_load_and_every_answer_is_of_one(models, home, project, clips, tmp_path):
    state, registry = tmp_path / "state", project / layout.REGISTRY
    own, one, two, bad = (model.bundle.version for model in models.values())
    load = Load({model.bundle.version: model.version for model in models.values()})

    def promote(name: str) -> None:
        promote_model(project, name, models[name].bundle, models[name].beside)

    def wait_for(version: str, times: int = 1) -> None:
        """Wait until both workers answer with a version, for so many times."""
        line = f"version {version} answers from now on"
        wait_until(lambda: count(served, line) == NUM_WORKERS * times, served)
        assert answering(served) == {version}

    settings = {"BENTOML_HOME": str(home), "SORA_STATE": str(state), "SORA_REGISTRY": str(registry)}
    with serving(tmp_path, tmp_path / "log", **settings) as served:
        assert answering(served) == {own}
        before = num_processes(served)
        with under_load(served, load, clips):
            promote("one")
            wait_for(one)
            promote("two")
            wait_for(two)
            promote("bad")
            wait_until(lambda: count(served, REFUSED) == NUM_WORKERS, served)
            assert answering(served) == {two}
            roll_back(project, one, by="ann")
            wait_for(one, times=2)
        wait_until(lambda: num_processes(served) == before, served)
        assert count(served, REFUSED) == NUM_WORKERS  # it was told once
    assert load.faults() == []
    assert {told["model_version"] for _, _, told in load.answers} == {own, one, two}
    noted = [(each.content_hash, each.model_version) for each in read_journal(state / "observations.jsonl")]
    assert len(noted) == len(set(noted))
    assert {version for _, version in noted} == {own, one, two}
    assert {path.name for path in (state / "versions").glob("[!.]*")} == {one, two, bad}
