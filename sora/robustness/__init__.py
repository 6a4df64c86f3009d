"""How a model does as its videos get worse, and whether it uses time at all."""
