"""Keeping what native libraries print at start-up from the user."""

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def silent_stderr() -> Iterator[None]:
    """Send what is written to the error stream nowhere, by native code too; exceptions still pass."""
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        with Path(os.devnull).open("w") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def import_tensorflow() -> None:
    """Import TensorFlow without its greetings, which ignore its own settings; call it before Keras.

    Its advice to programmers, on retracing and the like, does not reach the user either.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with silent_stderr():
        import tensorflow

    tensorflow.get_logger().setLevel(logging.ERROR)
