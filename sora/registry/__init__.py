"""Which model serves: versions that are kept, one pointer to one of them, and a gate before it moves."""
