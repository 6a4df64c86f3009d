"""The report: one HTML page that needs no network, from plain values."""

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from sora.report import charts, embedding_map, formats
from sora.report.content import ReportContent
from sora.report.sections import sections
from sora.video.strip import middle_tile

TEMPLATES = Path(__file__).parent / "templates"


def render_report(content: ReportContent) -> str:
    """Return the page as HTML; equal content gives an equal page. Text of the content is escaped."""
    environment = _environment()
    parts = [
        (section, environment.get_template(f"{section.name}.html.jinja").render(section.values))
        for section in sections(content)
    ]
    return environment.get_template("page.html.jinja").render(content=content, parts=parts)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    words = ("percent", "points", "counted", "significant", "size", "joined", "data_uri")
    environment.filters.update({word: getattr(formats, word) for word in words}, middle_tile=middle_tile)
    environment.globals.update(charts=charts, embedding_map=embedding_map)
    return environment
