"""Applications: what is made of a model's output and of stored features, for people."""
