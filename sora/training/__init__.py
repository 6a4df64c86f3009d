"""From features or clips, labels and parameters to a trained classifier."""
