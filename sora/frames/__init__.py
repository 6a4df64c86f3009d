"""Pure functions on frames; needs NumPy and OpenCV, and annotated-types for the bounds of parameters."""
