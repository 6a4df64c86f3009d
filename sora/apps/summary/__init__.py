"""A video told in short: key frames, a storyboard, highlights and a text."""
