"""What to do where a training does not fit into memory."""

from collections.abc import Iterator
from contextlib import contextmanager

import tensorflow as tf

from sora.errors import SoraError


@contextmanager
def naming_what_to_lower(parameters: str) -> Iterator[None]:
    """Turn TensorFlow's lack of memory into a SoraError that names ``parameters``."""
    try:
        yield
    except tf.errors.ResourceExhaustedError as error:
        raise SoraError(f"training: there is not enough memory; lower {parameters}") from error
