from collections.abc import Iterator

import av
import pytest

from sora.video.container import DecodeBreak, packets


class Breaking:
    """Stands for a container that breaks after two packets."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def demux(self, stream: object) -> Iterator[str]:
        yield from ("first", "second")
        raise self._error


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (av.error.InvalidDataError(1, "Invalid data found"), "invalid data found"),
        # What PyAV raises for a stream that the header did not name; benchmarks/mutate.py found such a file.
        (IndexError("list index out of range"), "a new stream begins in the middle of the file"),
    ],
    ids=["data", "stream"],
)
def test_a_file_that_cannot_be_read_on_ends_with_the_reason(error: Exception, reason: str):
    assert list(packets(Breaking(error), None)) == ["first", "second", DecodeBreak(reason)]
