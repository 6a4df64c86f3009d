"""Video files from frames and sound, the same bytes every time. The one place here that opens FFmpeg."""

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.audio.stream import AudioStream
from av.codec.context import Flags
from av.container import OutputContainer
from av.video.stream import VideoStream
from numpy.typing import NDArray

from sora.demo.recording import Recording

Image = NDArray[np.uint8]
Sound = NDArray[np.int16]

SAMPLE_RATE_HZ = 32_000
KEYFRAME_INTERVAL = 12  # frames; often, so that a sharper key frame does not mark the start of a clip
QUANTISER_UNIT = 118  # FFmpeg's FF_QP2LAMBDA
ENCODERS = {"mpeg4": "mpeg4", "h264": "libx264", "hevc": "libx265"}
MUXERS = {"avi": "avi", "mp4": "mp4", "mkv": "matroska"}


def write_video(path: Path, recording: Recording, frames: Iterable[Image], sound: Sound) -> None:
    """Write ``frames`` (each (height, width, 3), RGB uint8) and ``sound`` (mono, (1, samples)) to ``path``.

    ``sound`` is left out where the recording has no audio track. Nothing in the file depends on the date or
    on the number of processors.
    """
    with _open_for_writing(path, recording.container) as output:
        video = _add_video(output, recording)
        audio = _add_audio(output, recording.audio_codec) if recording.audio_codec else None
        if audio is not None:  # the muxer interleaves it by time
            _write_audio(output, audio, sound)
        for index, pixels in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24").reformat(format="yuv420p", threads=1)
            frame.pts, frame.time_base = index, Fraction(1, recording.fps)
            output.mux(video.encode(frame))
        output.mux(video.encode(None))


def write_audio_only(path: Path, sound: Sound) -> None:
    """Write an MP4 file with an AAC track of ``sound`` and no video."""
    with _open_for_writing(path, "mp4") as output:
        _write_audio(output, _add_audio(output, "aac"), sound)


def make_sound(kind: str, seconds: float, rng: np.random.Generator) -> Sound:
    """Return mono sound of shape (1, samples) at SAMPLE_RATE_HZ: a tone, noise, or nothing at all."""
    if kind == "none":
        return np.zeros((1, 0), np.int16)
    times = np.arange(round(seconds * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    wave = (
        np.sin(2 * np.pi * rng.uniform(150, 900) * times)
        if kind == "tone"
        else rng.normal(0, 0.4, len(times))
    )
    volume = rng.uniform(0.03, 0.3)
    return np.clip(wave * volume * 32767, -32768, 32767).astype(np.int16)[None]


def _open_for_writing(path: Path, container: str) -> OutputContainer:
    options = {"fflags": "+bitexact"}  # no dates, random identifiers or program versions
    if container == "mp4":
        options["movflags"] = "+faststart"  # a file that is cut short still opens
    return av.open(str(path), "w", format=MUXERS[container], options=options)


def _add_video(output: OutputContainer, recording: Recording) -> VideoStream:
    stream = output.add_stream(
        ENCODERS[recording.video_codec], rate=recording.fps, options=_encoder_options(recording)
    )
    assert isinstance(stream, VideoStream)
    stream.width, stream.height, stream.pix_fmt = recording.width_px, recording.height_px, "yuv420p"
    context = stream.codec_context
    context.thread_count = 1
    context.flags |= Flags.bitexact
    context.gop_size = KEYFRAME_INTERVAL
    return stream


def _encoder_options(recording: Recording) -> dict[str, str]:
    crf = str(round(27 - 7 * recording.quality))
    if recording.video_codec == "h264":  # AVI has no place for the display times that B-frames need
        b_frames = "0" if recording.container == "avi" else "2"
        # x264's macroblock tree gives other bytes from run to run, even on one thread.
        return {"preset": "veryfast", "crf": crf, "bf": b_frames, "mbtree": "0"}
    if recording.video_codec == "hevc":
        return {
            "preset": "ultrafast",
            "crf": crf,
            "x265-params": "pools=none:frame-threads=1:log-level=none:info=0",
        }
    quantiser = 6 - 3 * recording.quality  # held constant: rate control would make the picture pulse
    return {"flags": "+qscale", "global_quality": str(round(quantiser * QUANTISER_UNIT))}


def _add_audio(output: OutputContainer, codec: str) -> AudioStream:
    stream = output.add_stream(codec, rate=SAMPLE_RATE_HZ, layout="mono")
    assert isinstance(stream, AudioStream)
    stream.codec_context.flags |= Flags.bitexact
    return stream


def _write_audio(output: OutputContainer, stream: AudioStream, sound: Sound) -> None:
    frame = av.AudioFrame.from_ndarray(sound, format="s16", layout="mono")
    frame.sample_rate, frame.pts, frame.time_base = SAMPLE_RATE_HZ, 0, Fraction(1, SAMPLE_RATE_HZ)
    output.mux(stream.encode(frame))
    output.mux(stream.encode(None))
