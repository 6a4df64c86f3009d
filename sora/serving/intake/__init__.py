"""From a request to a video file, within limits."""
