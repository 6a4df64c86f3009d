"""Which model answers, and who still uses an older one."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from sora.serving.answering.model import Model


class Current:
    """The model that answers, and older ones until all that began with them has ended; thread-safe."""

    def __init__(self, model: Model) -> None:
        """Let ``model`` answer."""
        self._lock = threading.Lock()
        self._model = model
        self._older: list[Model] = []
        self._num_users: Counter[Model] = Counter()

    @contextmanager
    def used(self) -> Iterator[Model]:
        """Yield the model that answers now, which lasts until the end of the block."""
        with self._lock:
            model = self._model
            self._num_users[model] += 1
        try:
            yield model
        finally:
            with self._lock:
                self._num_users[model] -= 1

    def replace(self, model: Model) -> None:
        """Let another model answer from now on."""
        with self._lock:
            self._older.append(self._model)
            self._model = model

    def close_unused(self) -> None:
        """End older models that nobody uses any more."""
        with self._lock:
            unused = [model for model in self._older if not self._num_users[model]]
            self._older = [model for model in self._older if model not in unused]
            for model in unused:
                del self._num_users[model]
        for model in unused:
            model.close()

    def close(self) -> None:
        """End all models, whoever uses them."""
        for model in [*self._older, self._model]:
            model.close()
