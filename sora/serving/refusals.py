"""What the service does not do, said as an HTTP status and a sentence."""

from http import HTTPStatus


class RefusedError(Exception):
    """A request that is not answered.

    Attributes:
        status: of the answer.
        message: why, and what to do.
        retry_seconds: when the same request may succeed; None where it will not.
    """

    def __init__(self, status: HTTPStatus, message: str, retry_seconds: int | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.retry_seconds = retry_seconds

    @property
    def headers(self) -> dict[str, str]:
        """What the answer carries beside the sentence."""
        return {} if self.retry_seconds is None else {"Retry-After": str(self.retry_seconds)}
