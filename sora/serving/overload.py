"""The error that means: not now, but later."""

from sora.errors import SoraError


class FullError(SoraError):
    """There is no room at the moment; the service answers 503 and says when to try again.

    Attributes:
        retry_after_seconds: a good moment to try again.
    """

    def __init__(self, message: str, retry_after_seconds: int) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds
