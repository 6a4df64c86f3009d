"""Templates of the page and of the card, with the same words for numbers in both."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from sora.report import formats

_WORDS = ("percent", "points", "counted", "significant", "size", "joined")


def environment_of(*, autoescape: bool) -> Environment:
    """Return what renders a template; a value that it was not given is an error."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=autoescape,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=not autoescape,
    )
    environment.filters.update({word: getattr(formats, word) for word in _WORDS})
    return environment
