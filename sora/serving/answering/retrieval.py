"""Search and recommendation in the index that the service keeps."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

import numpy as np

from sora.apps.index.store import open_index
from sora.apps.index.videos import vector_of
from sora.apps.recommend.history import Watch
from sora.apps.recommend.plan import Plan
from sora.apps.recommend.recommender import Recommender, named_vectors
from sora.apps.search.search import Hit, Searcher, Words
from sora.atomic import copy_file
from sora.serving.answering.engine import Engine, Video
from sora.serving.refusals import RefusedError


@dataclass(frozen=True)
class Query:
    """What is looked for.

    Attributes:
        words: that a video must have.
        top: the most to be found.
    """

    words: Words
    top: int


class Retrieval:
    """The index of a version, which begins as a copy of the one in the Bento; thread-safe."""

    def __init__(self, engine: Engine) -> None:
        """Open nothing yet."""
        self._engine = engine
        self._lock = threading.Lock()
        self._searcher: Searcher | None = None
        self._named: tuple[str, tuple[list[str], np.ndarray]] | None = None  # of a revision of the index

    @property
    def index_file(self) -> Path:
        """Where the index lies; ``sora index add --index FILE`` may grow it while the service runs."""
        return self._engine.settings.state / f"search-{self._engine.version}.db"

    def search(self, query: Query, video: Video | None) -> dict[str, Any]:
        """Return the videos most like ``video`` that have all words, or, without one, those with the words.

        Raises:
            RefusedError: there is no index.
            VideoError: the video cannot be judged.
            SoraError: neither a video nor a word is given.
        """
        searcher = self._opened()
        if video is None:
            return {"results": _told(searcher.with_words(query.words, query.top))}
        hits = searcher.like_video(video.content_hash, query.top, query.words)
        if hits is None:
            vector = vector_of(self._engine.prediction(video))
            hits = searcher.like(vector, query.top, query.words)
        return self._engine.about(video, {"results": _told(hits)})

    def recommend(self, history: Sequence[Watch], user: str | None, top: int, plan: Plan) -> dict[str, Any]:
        """Return what a user may like, by the history of all.

        Raises:
            RefusedError: there is no index.
            SoraError: the history has no such user, or none of its videos is in the index.
        """
        self._opened()
        recommender = Recommender(*self._named_vectors(), history, plan)
        return recommender.recommend(user, top).as_json() | {"model_version": self._engine.bundle.version}

    def _named_vectors(self) -> tuple[list[str], np.ndarray]:
        """Return what the index holds, read again where it has changed."""
        index = open_index(self.index_file)
        revision = index.revision()
        with self._lock:
            if self._named is None or self._named[0] != revision:
                self._named = revision, named_vectors(index)
            return self._named[1]

    def _opened(self) -> Searcher:
        with self._lock:
            if not self.index_file.exists():
                if not self._engine.assets.index.exists():
                    raise RefusedError(HTTPStatus.NOT_FOUND, "this service has no index of videos")
                copy_file(self._engine.assets.index, self.index_file)
            if self._searcher is None:
                self._searcher = Searcher(self.index_file, self._engine.bundle.version)
            return self._searcher


def _told(hits: Sequence[Hit]) -> list[dict[str, Any]]:
    return [
        {
            "video": hit.entry.video,
            **({} if hit.similarity is None else {"similarity": round(hit.similarity, 4)}),
            "labels": list(hit.entry.labels),
            "tags": list(hit.entry.tags),
        }
        for hit in hits
    ]
