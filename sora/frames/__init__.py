"""Pure functions on frames; needs NumPy and OpenCV and nothing else, for edge devices have no more."""
