"""The source of a video, as a pattern finds it in the path."""

import re

from sora.errors import SoraError


def compiled(pattern: str) -> re.Pattern[str]:
    """Return a regular expression that has a part named ``group``.

    Raises:
        SoraError: it is none, or has no such part.
    """
    try:
        found = re.compile(pattern)
    except re.error as error:
        raise SoraError(f"--groups: {pattern!r} is not a regular expression ({error})") from error
    if "group" not in found.groupindex:
        raise SoraError(f'--groups: {pattern!r} needs a part in (?P<group>...), such as "_(?P<group>g\\d+)_"')
    return found


def group_in(path: str, pattern: re.Pattern[str]) -> str:
    """Return the group of a video.

    Raises:
        SoraError: the pattern finds none.
    """
    found = pattern.search(path)
    if not found or not found["group"]:
        raise SoraError(f"--groups: {pattern.pattern!r} finds no group in {path}; mend the pattern")
    return found["group"]
