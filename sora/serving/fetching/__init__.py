"""Fetching the file that a stranger names by URL."""
