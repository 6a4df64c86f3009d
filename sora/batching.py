"""Work of many threads done together: whoever comes when nobody works does what all of them wait for."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class Batcher(Generic[Item, Result]):
    """Calls ``run`` for so many batches at a time; a batch is what came while all of these ran.

    So its size follows the load: one item where calls are rare, without any wait for company, and up to
    ``max_size`` where they are not (the dynamic batching of inference servers, with a delay of 0).
    """

    def __init__(
        self, run: Callable[[Sequence[Item]], Sequence[Result]], max_size: int, num_at_once: int = 1
    ) -> None:
        """Take a function from items to as many results, in order; with several at once for any thread."""
        self._run = run
        self._max_size = max_size
        self._num_at_once = num_at_once
        self._num_running = 0
        self._waiting: list[tuple[Item, Future[Result]]] = []
        self._changed = threading.Condition()

    def __call__(self, item: Item) -> Result:
        """Return the result for one item; an error of ``run`` is raised for every item of its batch."""
        future: Future[Result] = Future()
        with self._changed:
            self._waiting.append((item, future))
        while batch := self._batch_unless_done(future):
            self._run_batch(batch)
        return future.result()

    def _batch_unless_done(self, future: Future[Result]) -> list[tuple[Item, Future[Result]]]:
        """Wait until a result is there, then return nothing, or until one may work, then what is to be done.

        Who has a result does not wait for the work on the next batch, but can make ready another item.
        """
        with self._changed:
            self._changed.wait_for(lambda: future.done() or self._may_begin())
            if future.done():
                return []
            self._num_running += 1
            batch, self._waiting = self._waiting[: self._max_size], self._waiting[self._max_size :]
            return batch

    def _may_begin(self) -> bool:
        return bool(self._waiting) and self._num_running < self._num_at_once

    def _run_batch(self, batch: list[tuple[Item, Future[Result]]]) -> None:
        try:
            results = self._run([item for item, _ in batch])
            for (_, future), result in zip(batch, results, strict=True):
                future.set_result(result)
        except BaseException as error:  # whatever it is, nobody may wait for ever
            for _, future in batch:
                if not future.done():
                    future.set_exception(error)
        finally:
            with self._changed:
                self._num_running -= 1
                self._changed.notify_all()
