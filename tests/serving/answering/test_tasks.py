"""Which model does a job."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

from sora.serving.answering import tasks
from sora.serving.answering.current import Current
from sora.serving.answering.tasks import job_work
from sora.serving.settings import Limits

OPTIONS = {"content_hash": "ab", "name": "clip", "language": "en"}


class FakeModel(SimpleNamespace):
    """In place of a model."""

    __hash__ = object.__hash__

    def close(self) -> None:
        self.is_closed = True


def test_a_job_ends_with_the_model_that_it_began_with_and_the_next_takes_the_current(monkeypatch):
    begun, go_on = threading.Event(), threading.Event()

    def classify(engine: str, _: object) -> dict[str, str]:
        begun.set()
        assert go_on.wait(10)
        return {"by": engine}

    monkeypatch.setattr(tasks.describing, "classify", classify)
    old, new = FakeModel(engine="old", is_closed=False), FakeModel(engine="new", is_closed=False)
    current = Current(old)
    run = job_work(current, Limits())
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(run, "classify", Path("clip.mp4"), OPTIONS, lambda _: None)
        second = pool.submit(run, "classify", Path("clip.mp4"), OPTIONS, lambda _: None)
        assert begun.wait(10)
        current.replace(new)
        current.close_unused()
        assert not old.is_closed
        go_on.set()
        assert (first.result(), second.result()) == ({"by": "old"}, {"by": "new"})
    current.close_unused()
    assert (old.is_closed, new.is_closed) == (True, False)
