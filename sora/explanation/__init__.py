"""Which moments and which regions of a video decided, and how far that can be believed."""
