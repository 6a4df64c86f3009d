"""Pure functions on frames; needs NumPy and OpenCV only."""
