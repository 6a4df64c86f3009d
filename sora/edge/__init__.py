"""A trained model for devices that have LiteRT, NumPy and OpenCV, and nothing of the pipeline."""
