"""What is refused before work starts, for it would take too long, or not fit on the disk."""

import shutil
from http import HTTPStatus

from sora.serving.answering.engine import Engine, Video
from sora.serving.refusals import RefusedError
from sora.serving.remaking.measure import Measure, measure
from sora.serving.remaking.wish import Wish


def require_room(engine: Engine, video: Video, wish: Wish) -> None:
    """Refuse a video that this service has no time or no room for.

    Raises:
        VideoError: it cannot be read.
        RefusedError: it is too long or too large, or the disk is too full.
    """
    limits, state = engine.settings.limits, engine.settings.state
    found: Measure = engine.guard.call(measure, video.path, wish)
    if found.seconds > limits.max_video_seconds:
        taken = f"at most {limits.max_video_seconds} s are taken here"
        raise _too_large(f"the video lasts {found.seconds:.0f} s, {taken}; send a part of it")
    if found.num_pixels > limits.max_enhanced_pixels:
        wanted = f"all frames together come to {found.num_pixels / 1e6:,.0f} million pixels"
        most = f"at most {limits.max_enhanced_pixels / 1e6:,.0f} million are computed here"
        raise _too_large(f"{wanted}, {most}; send a part of the video, or ask for a smaller scale")
    free = shutil.disk_usage(state).free
    if found.needed_bytes > free:
        needed = f"this needs about {found.needed_bytes / 1e6:,.0f} MB on the disk of the service"
        message = f"{needed}, {free / 1e6:,.0f} MB are free; send a part of the video"
        raise RefusedError(HTTPStatus.INSUFFICIENT_STORAGE, message)


def _too_large(message: str) -> RefusedError:
    return RefusedError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, message)
