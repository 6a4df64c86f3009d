"""A video in, its frames through an effect, a video out; everything else stays as it is."""
