"""Work of many threads done together: whoever comes when nobody works does what all of them wait for."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class Batcher(Generic[Item, Result]):
    """Calls ``run`` for one batch at a time; a batch is what came while the last one ran.

    So its size follows the load: one at a time where calls are rare, without any wait for company, and up to
    ``max_size`` where they are not (the dynamic batching of inference servers, with a delay of 0).
    """

    def __init__(self, run: Callable[[Sequence[Item]], Sequence[Result]], max_size: int) -> None:
        """Take a function from items to as many results, in order."""
        self._run = run
        self._max_size = max_size
        self._waiting: list[tuple[Item, Future[Result]]] = []
        self._mutex = threading.Lock()
        self._turn = threading.Lock()

    def __call__(self, item: Item) -> Result:
        """Return the result for one item; an error of ``run`` is raised for every item of its batch."""
        future: Future[Result] = Future()
        with self._mutex:
            self._waiting.append((item, future))
        while not future.done():
            with self._turn:
                if not future.done():
                    self._run_batch()
        return future.result()

    def _run_batch(self) -> None:
        with self._mutex:
            batch, self._waiting = self._waiting[: self._max_size], self._waiting[self._max_size :]
        try:
            results = self._run([item for item, _ in batch])
        except BaseException as error:  # whatever it is, nobody may wait for ever
            for _, future in batch:
                future.set_exception(error)
            return
        for (_, future), result in zip(batch, results, strict=True):
            future.set_result(result)
