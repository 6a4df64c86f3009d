"""What is known of a video once it has been decoded."""

from dataclasses import dataclass


@dataclass(frozen=True)
class VideoFacts:
    """Facts of one video; ``error`` is empty for a video that is readable to its end.

    Sizes are in pixels as shown, after rotation. Shares are in [0, 1], of the frames decoded before the
    first error; those of black, dark and overexposed frames go by mean brightness, ``blurred_share`` by
    ``sora.video.blur`` on up to 16 evenly spaced frames of at most 256 px. ``decoded_share`` is the share of
    the declared duration that decodes without error. ``mean_motion`` is the mean absolute change from frame
    to frame, in [0, 1], of a grey picture of 32 x 32 px. ``perceptual_hash`` is that of the mean picture; the
    hashes over time are those of ``sora.video.fingerprint``.
    """

    num_frames_declared: int = 0
    num_frames_decoded: int = 0
    num_frames_recoverable: int = 0
    width: int = 0
    height: int = 0
    fps: float = 0.0
    duration_seconds: float = 0.0
    video_codec: str = ""
    rotation: int = 0
    is_variable_rate: bool = False
    has_audio: bool = False
    decoded_share: float = 0.0
    mean_brightness: float = 0.0
    black_share: float = 0.0
    dark_share: float = 0.0
    overexposed_share: float = 0.0
    blurred_share: float = 0.0
    mean_motion: float = 0.0
    frozen_share: float = 0.0
    longest_frozen_seconds: float = 0.0
    perceptual_hash: str = ""
    hash_step_seconds: float = 0.0
    picture_hashes: str = ""
    motion_hashes: str = ""
    error: str = ""
