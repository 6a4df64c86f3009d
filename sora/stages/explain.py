"""explain: which moments and which regions decided, and whether that can be believed."""

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from annotated_types import Ge, Le

from sora import layout
from sora.atomic import write_bytes, write_json
from sora.attempt import Outcome
from sora.compression.quantization import to_litert
from sora.errors import SoraError
from sora.evaluation.predictions import prediction_rows
from sora.explanation.choice import videos_to_explain
from sora.explanation.curves import summary
from sora.explanation.work import Asked, Explained, explain_video
from sora.manifest import read_records
from sora.params import STRICT, Settings
from sora.quiet import import_tensorflow
from sora.trained import Trained, clip_paths, read_trained
from sora.work import map_videos

_DECIMALS = 6
_METHODS = {
    "maps": "occlusion of the backbone's maps by those of the blurred clip",
    "pixels": "occlusion of regions by blur",
}


@dataclass(frozen=True)
class Params:
    """Parameters of explain.

    Attributes:
        num_videos: test videos to explain, the worst mistakes first; 0 explains none.
        method: what is hidden from the networks: cells of the backbone's maps, or of the pixels, which is
            slower and knows no single moment's regions.
        grid_cells: cells of the frame each way.
        num_steps: of deletion and insertion.
        num_random: random orders that they are compared with.
    """

    __pydantic_config__: ClassVar = STRICT

    num_videos: Annotated[int, Ge(0)]
    method: Literal["maps", "pixels"]
    grid_cells: Annotated[int, Ge(2), Le(16)]
    num_steps: Annotated[int, Ge(2), Le(32)]
    num_random: Annotated[int, Ge(1), Le(16)]


def run(params: Params, settings: Settings) -> None:
    """Explain some of the predictions; write the record of all and a film strip of each."""
    shutil.rmtree(layout.EXPLANATION_IMAGES, ignore_errors=True)
    layout.EXPLANATION_IMAGES.mkdir(parents=True)
    rows = videos_to_explain(prediction_rows(read_records(layout.PREDICTIONS)), params.num_videos)
    trained = read_trained()
    outcomes = _outcomes([row["path"] for row in rows], trained, params, settings) if rows else []
    asked = list(zip(rows, outcomes, strict=True))
    found = [(row, outcome.value) for row, outcome in asked if not outcome.reason]
    set_aside = {row["path"]: outcome.reason for row, outcome in asked if outcome.reason}
    if rows and not found:
        raise SoraError(f"no clip could be explained; the first: {next(iter(set_aside.values()))}")
    videos = []
    for number, (row, one) in enumerate(found, start=1):
        write_bytes(layout.EXPLANATION_IMAGES / f"{number:04}.jpg", one.strip)
        videos.append(_video(row, one, trained.labels, f"{number:04}.jpg"))
    record = {"num_videos": len(found), "method": _METHODS[params.method], "set_aside": set_aside}
    write_json(layout.EXPLANATION, {**record, **_tests([one for _, one in found]), "videos": videos})


def _outcomes(paths: Sequence[str], trained: Trained, params: Params, settings: Settings) -> list[Outcome]:
    """Return of each video an ``Explained``, or the reason why there is none."""
    import_tensorflow()
    from sora.networks.heads import is_multi_label
    from sora.networks.model_files import load_model

    clips, model = clip_paths(), load_model(layout.TRAINED)
    with tempfile.TemporaryDirectory() as folder:
        head = Path(folder) / "head.tflite"
        write_bytes(head, to_litert(model, "float32"))
        asked = Asked(
            str(trained.backbone),
            str(head),
            trained.spec,
            several_labels=is_multi_label(model),
            by_pixels=params.method == "pixels",
            grid_cells=params.grid_cells,
            num_steps=params.num_steps,
            num_random=params.num_random,
            seed=settings.seed,
        )
        items = [(str(clips[path]), asked) for path in paths]
        return map_videos(explain_video, items, settings.runtime, "explain")


def _tests(found: Sequence[Explained]) -> dict[str, Any]:
    """Return the curves over regions, and over whole moments under ``frames``; nothing of no video."""
    if not found:
        return {"deletion": {}, "insertion": {}, "frames": {}}
    return {
        **summary([one.region_curves for one in found]),
        "frames": summary([one.moment_curves for one in found]),
    }


def _video(row: Mapping[str, Any], found: Explained, labels: Sequence[str], image: str) -> dict[str, Any]:
    explanation = found.explanation
    return {
        "path": row["path"],
        "label": row["label"],
        "predicted": row["predicted"],
        "explained": labels[explanation.label],
        "probability": round(explanation.probability, _DECIMALS),
        "moment_importance": explanation.importance.moments.round(_DECIMALS).tolist(),
        "image": image,
    }
