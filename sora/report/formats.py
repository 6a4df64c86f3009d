"""How the report writes numbers."""

import base64


def percent(share: float, digits: int = 1) -> str:
    """Write a share in [0, 1] as a percentage."""
    return f"{100 * share:.{digits}f}\N{NO-BREAK SPACE}%"


def points(difference: float, digits: int = 1) -> str:
    """Write a difference of two shares in percentage points, with its sign."""
    rounded = round(100 * difference, digits)
    sign = "+" if rounded > 0 else "\N{MINUS SIGN}" if rounded < 0 else ""
    return f"{sign}{abs(rounded):.{digits}f}"


def counted(count: int, noun: str) -> str:
    """Write a number of things: ``1 video``, ``2 videos``."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def significant(value: float, digits: int = 3) -> str:
    """Write a number with so many significant digits, without an exponent where it is of a common size."""
    return f"{value:.0f}" if abs(value) >= 10**digits else f"{value:.{digits}g}"


def size(num_bytes: float) -> str:
    """Write a size in decimal units, as file managers do."""
    for unit, factor in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if num_bytes >= factor:
            return f"{significant(num_bytes / factor)} {unit}"
    return f"{num_bytes:.0f} B"


def duration(seconds: float) -> str:
    """Write a duration in the unit that suits it."""
    for unit, factor in (("h", 3600), ("min", 60)):
        if seconds >= factor:
            return f"{significant(seconds / factor)} {unit}"
    return f"{significant(seconds)} s"


def joined(words: list[str]) -> str:
    """Write a list as a person would: ``a, b and c``."""
    return " and ".join([*([", ".join(words[:-1])] if len(words) > 1 else []), *words[-1:]])


def data_uri(image: bytes) -> str:
    """Return a PNG or JPEG as the address that holds it."""
    kind = "png" if image.startswith(b"\x89PNG") else "jpeg"
    return f"data:image/{kind};base64,{base64.b64encode(image).decode()}"
