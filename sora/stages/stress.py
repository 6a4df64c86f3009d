"""stress: how the model does as the test videos get worse, and whether it uses time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np
import pandas as pd
from annotated_types import Ge, Gt, Le, Lt

from sora import layout
from sora.atomic import write_bytes, write_json
from sora.errors import SoraError
from sora.evaluation.predictions import require_answerable
from sora.features import feature_table
from sora.params import STRICT, Settings
from sora.quiet import import_tensorflow
from sora.robustness.conditions import IN_TIME, Condition, nothing_measured, robustness
from sora.robustness.corruptions import Corruption
from sora.robustness.features import Recipe, corrupted_features
from sora.robustness.sample import Candidate, spread_sample
from sora.robustness.scores import Asked
from sora.trained import Trained, clip_paths, read_trained
from sora.work import map_videos


@dataclass(frozen=True)
class Params:
    """Parameters of stress; of each condition its levels, and no level leaves it out.

    Attributes:
        num_videos: test videos that are looked at, spread over labels and groups; 0: none.
        noise: standard deviations, in grey levels.
        blur_px: standard deviations, at the size of the clips.
        dark: shares of the light that are left.
        reencoding: constant rate factors of H.264.
        dropped_frames: shares of the frames, each of which shows the one before.
    """

    __pydantic_config__: ClassVar = STRICT

    num_videos: Annotated[int, Ge(0)]
    noise: list[Annotated[float, Gt(0), Le(255)]]
    blur_px: list[Annotated[float, Gt(0)]]
    dark: list[Annotated[float, Gt(0), Le(1)]]
    reencoding: list[Annotated[float, Ge(0), Le(51)]]
    dropped_frames: list[Annotated[float, Gt(0), Lt(1)]]

    @property
    def conditions(self) -> list[Condition]:
        """Those that have a level, in the order in which they are told."""
        every = [
            Condition("noise", "Noise", "standard deviation, grey levels", self.noise),
            Condition("blur", "Blur", "standard deviation, pixels", self.blur_px),
            Condition("dark", "Dark", "share of the light", self.dark),
            Condition("reencoding", "Re-encoding", "H.264 constant rate factor", self.reencoding),
            Condition("dropped_frames", "Dropped frames", "share of the frames", self.dropped_frames),
        ]
        return [condition for condition in every if condition.levels]


@dataclass(frozen=True)
class _Model:
    trained: Trained
    head: Any  # keras.Model
    several_labels: bool


def run(params: Params, settings: Settings) -> None:
    """Make a sample of the test clips worse in every way, predict them, and write numbers and curves."""
    from sora.robustness.plot import robustness_plot  # late, for every stage imports the parameters of all

    found = _measured(params, settings) if params.num_videos else nothing_measured()
    write_json(layout.ROBUSTNESS, found)
    write_bytes(layout.ROBUSTNESS_PLOT, robustness_plot(found))


def _measured(params: Params, settings: Settings) -> dict[str, Any]:
    model = _load_model()
    videos = _sample(params.num_videos, settings.seed)
    require_answerable(videos, model.trained.labels, several_labels=model.several_labels)
    steps: dict[str, Sequence[Corruption]] = {"time": IN_TIME}
    steps |= {condition.name: condition.corruptions for condition in params.conditions}
    probabilities: dict[Corruption, np.ndarray] = {}
    reasons: dict[str, str] = {}
    for title, corruptions in steps.items():
        given, failed = _predicted(list(videos["path"]), corruptions, model, settings, f"stress: {title}")
        probabilities |= given
        reasons |= failed
    return _of_whole_videos(videos, probabilities, reasons, params.conditions, model)


def _of_whole_videos(
    videos: pd.DataFrame,
    probabilities: Mapping[Corruption, np.ndarray],
    reasons: dict[str, str],
    conditions: Sequence[Condition],
    model: _Model,
) -> dict[str, Any]:
    """Return the scores over those videos for which nothing failed, so that all are of the same ones."""
    whole = ~videos["path"].isin(list(reasons)).to_numpy()
    if not whole.any():
        raise SoraError(f"no test clip could be made worse; the first: {next(iter(reasons.values()))}")
    asked = Asked(
        list(videos["label"][whole]), list(videos["group"][whole]), model.trained.labels, model.several_labels
    )
    kept = {corruption: given[whole] for corruption, given in probabilities.items()}
    return {**robustness(kept, conditions, asked), "set_aside": reasons}


def _load_model() -> _Model:
    import_tensorflow()
    from sora.networks.heads import is_multi_label
    from sora.networks.model_files import load_model

    head = load_model(layout.TRAINED)
    return _Model(read_trained(), head, is_multi_label(head))


def _sample(num_videos: int, seed: int) -> pd.DataFrame:
    videos = feature_table(("test",))
    rows = zip(videos["path"], videos["label"], videos["group"], strict=True)
    return videos.iloc[spread_sample([Candidate(*row) for row in rows], num_videos, seed)]


def _predicted(
    paths: list[str], corruptions: Sequence[Corruption], model: _Model, settings: Settings, title: str
) -> tuple[dict[Corruption, np.ndarray], dict[str, str]]:
    """Return probabilities, float (N, C), under each corruption, and the reasons of videos that failed.

    What failed is not a number.
    """
    trained, clips = model.trained, clip_paths()
    recipe = Recipe(trained.spec, settings.seed, str(trained.backbone))
    asked = [(path, corruption) for corruption in corruptions for path in paths]
    items = [(str(clips[path]), corruption, recipe) for path, corruption in asked]
    outcomes = map_videos(corrupted_features, items, settings.runtime, title)
    done = [place for place, outcome in enumerate(outcomes) if not outcome.reason]
    given = np.full((len(items), len(trained.labels)), np.nan)
    if done:
        features = np.stack([outcomes[place].value for place in done])
        given[done] = model.head.predict(features, verbose=0)[0]
    failed = zip(asked, outcomes, strict=True)
    reasons = {path: outcome.reason for (path, _), outcome in failed if outcome.reason}
    return dict(zip(corruptions, given.reshape(len(corruptions), len(paths), -1), strict=True)), reasons
