"""How good a model is, and how to show it."""
