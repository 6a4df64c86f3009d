"""Allowing, blocking and reviewing videos by a policy."""
