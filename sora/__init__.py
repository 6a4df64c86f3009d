"""Sora turns a folder of labelled videos into a versioned, measured, compressed and served model."""

__version__ = "0.1.0"
