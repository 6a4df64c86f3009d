"""package: the report for people, the model card for registries and the Bento for servers."""

import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar

import pandas as pd
from annotated_types import Ge, MinLen

from sora import layout
from sora.atomic import write_text
from sora.bundle import read_bundle
from sora.manifest import final_outcomes, read_table, write_table
from sora.params import STRICT, Runtime, Settings
from sora.registry.pointer import POINTER
from sora.report.gather import Choices, read_content
from sora.serving.bento.build import build_bento
from sora.serving.bento.contents import write_contents


@dataclass(frozen=True)
class Params:
    """Parameters of package.

    Attributes:
        num_mistakes: worst mistakes that the report shows.
        intended_use: what the model is for and what it is not for, in the user's words, for the model card.
        ethical_considerations: whom it may harm and what was done about it, likewise.
        policy: the moderation policy that is served.
    """

    __pydantic_config__: ClassVar = STRICT

    num_mistakes: Annotated[int, Ge(0)]
    intended_use: str
    ethical_considerations: str
    policy: Annotated[str, MinLen(1)]

    @property
    def choices(self) -> Choices:
        """What of these the report takes."""
        return Choices(self.num_mistakes, self.intended_use, self.ethical_considerations)


def run(params: Params, settings: Settings) -> None:
    """Build and store the Bento, and write what became of each input, the report and the model card."""
    # Late, for every stage imports the parameters of all.
    from sora.report.model_card import render_model_card
    from sora.report.page import render_report

    _build_bento(Path(params.policy), settings.runtime)
    write_table(layout.OUTCOMES, outcomes())
    content = read_content(params.choices)
    write_text(layout.REPORT, render_report(content))
    write_text(layout.MODEL_CARD, render_model_card(content))


def _build_bento(policy: Path, runtime: Runtime) -> None:
    with tempfile.TemporaryDirectory() as folder:
        contents = Path(folder) / "contents"
        no_objects = write_contents(
            contents, read_bundle(layout.BUNDLE), policy, layout.SERVED_VIDEOS, runtime
        )
        if no_objects:
            print(f"package: the Bento names no objects: {no_objects}", file=sys.stderr, flush=True)
        # Where models are promoted, the latest Bento is the one that serves, and only that moves it.
        is_latest = not (layout.REGISTRY / POINTER).exists()
        build_bento(layout.BUNDLE, layout.BENTO, contents, is_latest=is_latest)


def outcomes() -> pd.DataFrame:
    """Return path, label, outcome, stage and reason of every input of the pipeline."""
    features = read_table(layout.FEATURE_INDEX)
    return final_outcomes(
        read_table(layout.MANIFEST),
        read_table(layout.QUARANTINE),
        read_table(layout.CLIP_INDEX),
        features[features["view"] == 0],
    )
