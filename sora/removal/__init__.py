"""Removing a video by request: from the source, the index and the feedback, and never to be learned again."""
