"""The synthetic demo data: drawn people in eight actions, rendered from a seed by ``python -m sora.demo``."""
