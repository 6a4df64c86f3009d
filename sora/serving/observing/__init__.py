"""What the model said of each video, kept for ``sora drift``."""
