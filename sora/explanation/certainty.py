"""How sure a head is of one label, on a scale that does not end."""

import numpy as np

_LEAST = 1e-7  # what float32 tells from 0


def log_odds(probabilities: np.ndarray, label: int, *, several_labels: bool) -> float:
    """Return the logarithm of the odds of a label, from probabilities float (C,).

    Probabilities near 0 and 1 hardly move whatever is hidden; their log odds do.

    Args:
        label: its place.
        several_labels: whether the probabilities are independent. Else the others are added up, which is
            exact where 1 minus the probability would not be.
    """
    against = 1 - probabilities[label] if several_labels else np.delete(probabilities, label).sum()
    return float(np.log(max(probabilities[label], _LEAST)) - np.log(max(against, _LEAST)))
