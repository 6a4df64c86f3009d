"""Writing a video frame by frame, as it happens."""

from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path
from typing import Self

import av
import numpy as np
from av.video.stream import VideoStream

from sora.atomic import replacing
from sora.errors import SoraError

SUFFIXES = (".mp4", ".mkv", ".mov")
_TIME_BASE = Fraction(1, 1000)
_NOMINAL_FPS = 30  # frames have times of their own; the coder's choices take note of this
_OPTIONS = {"preset": "veryfast", "crf": "23"}


def even_size(width: int, height: int) -> tuple[int, int]:
    """Return the nearest smaller size that H.264 can have."""
    return max(2, width // 2 * 2), max(2, height // 2 * 2)


class Recorder:
    """Writes frames to a file in H.264; the file appears when it is whole, at the end of the ``with``.

    It does not appear after an error, nor without any frame.
    """

    def __init__(self, path: Path) -> None:
        """Open nothing yet; raises SoraError where the suffix names no known container."""
        if path.suffix not in SUFFIXES:
            raise SoraError(f"{path}: a recording must end in {', '.join(SUFFIXES)}")
        self._path = path
        self._files = ExitStack()
        self._output: av.container.OutputContainer | None = None
        self._stream: VideoStream | None = None
        self._last_ms = -1

    def write(self, picture: np.ndarray, time_seconds: float) -> None:
        """Add uint8 RGB (H, W, 3), shown from ``time_seconds`` on.

        H and W of the first must be even; all others are scaled to its size. A time that does not come after
        the last one is put right after it.
        """
        if self._output is None:
            self._open(*picture.shape[:2])
        assert self._output is not None
        assert self._stream is not None
        self._last_ms = max(round(time_seconds * 1000), self._last_ms + 1)
        frame = av.VideoFrame.from_ndarray(picture, "rgb24").reformat(
            self._stream.width, self._stream.height, "yuv420p", threads=1
        )
        frame.pts, frame.time_base = self._last_ms, _TIME_BASE
        self._output.mux(self._stream.encode(frame))

    def __enter__(self) -> Self:
        """Give itself."""
        return self

    def __exit__(self, *error: object) -> None:
        """Finish the file, or remove it after an error."""
        if self._output is not None and self._stream is not None and error[0] is None:
            self._output.mux(self._stream.encode())
        self._files.__exit__(*error)  # type: ignore[arg-type]

    def _open(self, height: int, width: int) -> None:
        temporary = self._files.enter_context(replacing(self._path))
        self._output = self._files.enter_context(av.open(str(temporary), "w"))
        stream = self._output.add_stream("libx264", rate=_NOMINAL_FPS, options=_OPTIONS)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.thread_count = 1  # the network needs the other cores
        stream.codec_context.time_base = _TIME_BASE
        self._stream = stream
