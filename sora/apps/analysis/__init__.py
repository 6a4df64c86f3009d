"""One cached pass over a video, which feeds tagging, moderation and summary."""
