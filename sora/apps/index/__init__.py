"""The index that search and recommendation look things up in: videos, their words and their vectors."""
