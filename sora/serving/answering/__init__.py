"""What is said of videos: networks, what they said before, and the words for it; knows nothing of HTTP."""
