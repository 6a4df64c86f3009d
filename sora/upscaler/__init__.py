"""Training the project's own super-resolution network: a DVC stage outside the default graph."""
