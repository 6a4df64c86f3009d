"""Search: the videos nearest to an example, or those with certain words."""
