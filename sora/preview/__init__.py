"""Contact sheets: what cleaning and augmentation make of a video, to be looked at."""
