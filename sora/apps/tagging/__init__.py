"""Labels, objects and scenes of a video as ranges of time."""
