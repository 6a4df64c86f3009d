"""The errors that a person is meant to read: one line that says what to do."""


class SoraError(Exception):
    """Something the user can put right: what was expected, what came, which file, what to do."""


class VideoError(SoraError):
    """A video that cannot be read, with the reason in words."""
