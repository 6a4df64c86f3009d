"""A whole video through an effect, taken up where an earlier run was interrupted."""

import errno
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from itertools import islice
from math import ceil, inf
from pathlib import Path
from typing import Literal, TypeAlias

import av
import cv2
import numpy as np

from sora.errors import SoraError, VideoError
from sora.sources.hashes import content_hash
from sora.transcode.checks import check_output, check_room
from sora.transcode.coding import Coding, Target, encode, open_encoder
from sora.transcode.colours import FromRGB
from sora.transcode.container import check_streams
from sora.transcode.effect import Arrays, Effect, Frame
from sora.transcode.join import join
from sora.transcode.parts import Packets, Parts, run_key
from sora.transcode.pipeline import Result, num_cores, results
from sora.transcode.source import Reader, Source, read_source

VERSION = 2  # raise it when the bytes of a result change
Step: TypeAlias = Literal["looking", "writing"]
OnProgress: TypeAlias = Callable[[Step, int, int], None]
_DEEPEST = 8  # bits of a colour that frames have on the way


@dataclass(frozen=True)
class Job:
    """What to do.

    Attributes:
        path: the video.
        output: where the result goes; .mp4, .mov or .mkv.
        coding: of the result.
        end_seconds: frames shown so long after the first, or later, are left out.
        force: whether an output that exists is replaced.
        segment_frames: how many frames are lost at most when a run is killed.
    """

    path: Path
    output: Path
    coding: Coding = field(default_factory=Coding)
    end_seconds: float = inf
    force: bool = False
    segment_frames: int = 96


@dataclass(frozen=True)
class Report:
    """What came of it: how many frames were written, and what a person should know."""

    num_frames: int
    warnings: list[str]


def transcode(job: Job, effect: Effect, on_progress: OnProgress = lambda step, done, total: None) -> Report:
    """Write a video whose frames went through ``effect``, with everything else as it was.

    Sound and subtitles are copied, frames keep their times, pictures are stored as they are shown. The result
    appears when it is whole. Until then finished segments lie in a folder beside it; they are taken up by a
    run with the same video, effect and coding, and the result has the bytes of an undisturbed run.

    Args:
        job: what to do.
        effect: what is done to the frames.
        on_progress: told what is done, first looking where the effect has to, then writing; with how many
            frames, and how many there are, by the packets.

    Raises:
        SoraError: the output cannot be written, or another run is writing it.
        VideoError: the video cannot be read.
    """
    check_output(job.path, job.output, force=job.force)
    source = read_source(job.path)
    height, width = effect.size(source.height, source.width)
    target = Target(source, job.coding, width, height)
    total = _num_frames(source, job.end_seconds)
    dropped = check_streams(target, job.output)
    parts = Parts(job.output, _key(job, effect))
    check_room(job.output, target, total, parts.num_bytes)
    cv2.setNumThreads(1)  # frames go in parallel
    reader = Reader(source, job.end_seconds)
    with _told_of_room(job.output), parts:
        informed = _informed(effect, parts, reader, lambda number: on_progress("looking", number, total))
        work = _results(parts, reader, informed, lambda number: on_progress("writing", number, total))
        _encode(work, parts, target, job.segment_frames)
        join(parts, target, job.output, job.end_seconds)
        num_frames = parts.num_frames
        parts.remove()
    return Report(num_frames, list(_warnings(target, dropped, reader.num_breaks)))


def _informed(effect: Effect, parts: Parts, reader: Reader, on_frames: Callable[[int], None]) -> Effect:
    def frames() -> Iterator[Frame]:
        for number, picture in enumerate(reader.pictures(), 1):
            yield picture.frame
            on_frames(number)

    survey = parts.survey
    if survey is None:
        survey = effect.survey(frames())
        if survey is not None:
            parts.keep_survey(survey)
    return effect if survey is None else effect.informed(survey)


def _results(
    parts: Parts, reader: Reader, effect: Effect, on_frames: Callable[[int], None]
) -> Generator[Result]:
    """Yield the results that are not in parts yet."""
    first = parts.num_frames
    on_frames(first)
    finished = results(effect, reader.pictures(first), parts.state(), num_cores())
    with closing(finished):
        for number, result in enumerate(finished, first + 1):
            yield result
            on_frames(number)


def _encode(work: Generator[Result], parts: Parts, target: Target, segment_frames: int) -> None:
    with closing(work):
        while segment := _segment(islice(work, segment_frames), target):
            parts.add(*segment)
    if not parts.count:
        raise VideoError("no frame decodes")


def _segment(finished: Iterator[Result], target: Target) -> tuple[Packets, Arrays | None] | None:
    """Code frames as a segment of their own; give it with the effect's state after it, or None of none."""
    to_frame = FromRGB(target.pixel_format, target.source.colours)
    state: Arrays | None = None

    def frames() -> Iterator[av.VideoFrame]:
        nonlocal state
        for result in finished:
            state = result.state
            frame = to_frame(result.pixels)
            frame.pts, frame.time_base = result.pts, target.source.time_base
            yield frame

    encoder = open_encoder(target)
    packets = [(bytes(one), one.pts, one.is_keyframe) for one in encode(encoder, frames())]
    if not packets:
        return None
    data, pts, is_key = zip(*packets, strict=True)
    return Packets(
        data=np.frombuffer(b"".join(data), np.uint8),
        sizes=np.array([len(one) for one in data], np.int64),
        pts=np.array(pts, np.int64),
        is_key=np.array(is_key, bool),
        header=np.frombuffer(encoder.extradata or b"", np.uint8),
    ), state


def _num_frames(source: Source, end_seconds: float) -> int:
    until = source.num_frames if end_seconds == inf else ceil(end_seconds * source.rate)
    return max(1, min(source.num_frames, until))


def _key(job: Job, effect: Effect) -> str:
    """Name the run by all that decides its bytes."""
    coding = job.coding.codec, job.coding.rate_factor
    cut = job.end_seconds, job.segment_frames
    versions = VERSION, av.library_versions, cv2.__version__
    return run_key(content_hash(job.path), effect.key, *coding, *cut, *versions)


def _warnings(target: Target, dropped: list[str], num_breaks: int) -> Iterator[str]:
    if dropped:
        kinds = (f"{number} of {kind}" if number > 1 else kind for kind, number in Counter(dropped).items())
        yield f"left out, for the container cannot hold it: {', '.join(kinds)}"
    if num_breaks:
        yield f"is damaged in {num_breaks} place{'s' * (num_breaks > 1)}; what could be decoded is there"
    if target.source.bits > _DEEPEST:
        yield f"has {target.source.bits} bits a colour, the result has {_DEEPEST}"
    if target.pixel_format == "yuv444p":
        yield "has an odd size, so that the result is 4:4:4; some players and all hardware decoders lack that"


@contextmanager
def _told_of_room(output: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:  # FFmpeg's are of this class too
        if error.errno != errno.ENOSPC:
            raise
        raise SoraError(
            f"{output}: the disk is full; what is finished is kept, make room and run the same command again"
        ) from error
