"""Keras builders with explicit arguments, and what turns them into files."""
