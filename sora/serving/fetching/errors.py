"""Why a file was not fetched, and the HTTP status with which the service says so."""

from http import HTTPStatus
from typing import ClassVar

from sora.errors import SoraError


class FetchError(SoraError):
    """A file that was not fetched, with the reason in words that may be shown to who asked for it.

    Attributes:
        status: what the service answers.
    """

    status: ClassVar[HTTPStatus] = HTTPStatus.BAD_GATEWAY


class UrlError(FetchError):
    """The URL makes no sense, or is of a kind that is not fetched."""

    status = HTTPStatus.BAD_REQUEST


class AddressError(FetchError):
    """The host does not exist or is not a public one; which of the two is nobody's business."""

    status = HTTPStatus.BAD_REQUEST


class TooLargeError(FetchError):
    """The file has more bytes than it may."""

    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE


class ServerError(FetchError):
    """The server cannot be reached, breaks off, or answers something other than the file."""


class TooSlowError(FetchError):
    """The file did not arrive in time."""

    status = HTTPStatus.GATEWAY_TIMEOUT


class StoppedError(FetchError):
    """The service itself gave up: the client has gone, or the service is being stopped."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
