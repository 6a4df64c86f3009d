"""Videos made of videos, as jobs: enlarged, restored, painted."""
