"""Videos painted in a style, without shimmer."""
