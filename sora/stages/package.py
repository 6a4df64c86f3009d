"""package: the report for people, the model card for registries and the Bento for servers."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

import pandas as pd
from annotated_types import Ge

from sora import layout
from sora.atomic import write_text
from sora.manifest import final_outcomes, read_table, write_table
from sora.params import STRICT, Settings
from sora.report.gather import Choices, read_content
from sora.serving.bento import build_bento


@dataclass(frozen=True)
class Params:
    """Parameters of package.

    Attributes:
        num_mistakes: worst mistakes that the report shows.
        intended_use: what the model is for and what it is not for, in the user's words, for the model card.
        ethical_considerations: whom it may harm and what was done about it, likewise.
    """

    __pydantic_config__: ClassVar = STRICT

    num_mistakes: Annotated[int, Ge(0)]
    intended_use: str
    ethical_considerations: str

    @property
    def choices(self) -> Choices:
        """What of these the report takes."""
        return Choices(self.num_mistakes, self.intended_use, self.ethical_considerations)


def run(params: Params, settings: Settings) -> None:
    """Write what became of each input, the report and the model card, then build and store the Bento."""
    # Late, for every stage imports the parameters of all.
    from sora.report.model_card import render_model_card
    from sora.report.page import render_report

    write_table(layout.OUTCOMES, outcomes())
    content = read_content(params.choices)
    write_text(layout.REPORT, render_report(content))
    write_text(layout.MODEL_CARD, render_model_card(content))
    build_bento(layout.BUNDLE, layout.BENTO)


def outcomes() -> pd.DataFrame:
    """Return path, label, outcome, stage and reason of every input of the pipeline."""
    features = read_table(layout.FEATURE_INDEX)
    return final_outcomes(
        read_table(layout.MANIFEST),
        read_table(layout.QUARANTINE),
        read_table(layout.CLIP_INDEX),
        features[features["view"] == 0],
    )
