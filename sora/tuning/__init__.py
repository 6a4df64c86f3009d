"""The search for parameters of train on stored features, and what becomes of the winner."""
