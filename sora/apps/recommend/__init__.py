"""Recommendation: what to watch next, from embeddings and histories alone."""
