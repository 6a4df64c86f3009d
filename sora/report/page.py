"""The report: one HTML page that needs no network, from plain values."""

from functools import cache

from jinja2 import Environment

from sora.report import charts, embedding_map, formats
from sora.report.content import ReportContent
from sora.report.sections import sections
from sora.report.templating import environment_of
from sora.video.strip import middle_tile


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
    environment = environment_of(autoescape=True)
    environment.filters.update(data_uri=formats.data_uri, middle_tile=middle_tile)
    environment.globals.update(charts=charts, embedding_map=embedding_map)
    return environment
