"""Times as people write them."""


def clock(seconds: float) -> str:
    """Return 1:02:03, or 2:03 where there is no hour; parts of a second are left out."""
    whole = int(seconds)
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
