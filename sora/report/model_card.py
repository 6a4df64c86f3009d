"""The model card in Markdown, from the same content as the report.

Its sections are those of Mitchell et al., "Model Cards for Model Reporting", 2019. What only people can
know is left as a stated blank.
"""

import re
from functools import cache

from jinja2 import Environment

from sora.report.content import ReportContent
from sora.report.sections import MAX_SLICES
from sora.report.summary import baselines_beside, performance
from sora.report.templating import environment_of
from sora.report.trust import trust


def render_model_card(content: ReportContent) -> str:
    """Return the card; equal content gives an equal card. Text of the content cannot become markup."""
    said, doubts = performance(content), trust(content)
    return (
        _environment()
        .get_template("model_card.md.jinja")
        .render(
            content=content,
            metrics=content.metrics,
            baselines=baselines_beside(content.metrics),
            slices=(content.evaluation.get("slices") or [])[:MAX_SLICES],
            statements=[row for row in said + doubts if not row.is_caution],
            limitations=[row for row in said + doubts if row.is_caution],
        )
    )


def as_text(value: object) -> str:
    """Return a value as Markdown that shows it as it is, on one line."""
    flat = " ".join(str(value).split())
    return re.sub(r"([\\`*_{}\[\]<>#|~$&])", r"\\\1", flat)


@cache
def _environment() -> Environment:
    # Markdown has no escaping that Jinja knows of: every text goes through as_text.
    environment = environment_of(autoescape=False)
    environment.filters.update(text=as_text)
    return environment
