"""Whether the videos of today are still like those that the model was measured on.

A room of its own and not a part of ``sora.quality``: that one judges the project's data before there is a
model, and opens no video; this one asks what a model says of videos from elsewhere, and draws a page of it.
"""
