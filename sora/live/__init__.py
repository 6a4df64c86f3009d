"""Classifying video as it comes: from a camera, over a network, or a file at its own pace."""
