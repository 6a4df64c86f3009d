"""The synthetic demo data: clips of drawn people in eight actions, rendered from a seed by ``python -m sora.demo``."""
