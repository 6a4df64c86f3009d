"""compress: smaller and faster networks measured against the float ones, and the choice with its reason."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from annotated_types import Ge, Le, Lt

from sora import layout
from sora.atomic import write_bytes, write_json
from sora.bundle import write_bundle
from sora.compression.answers import Asked, candidate_answers
from sora.compression.building import Candidate, build_candidates
from sora.compression.choice import Choice, Rule, choose
from sora.compression.costs import measure_costs
from sora.compression.figures import Figures, Videos, judged
from sora.compression.onnx_quantization import takes_whole_clips
from sora.compression.variants import RuntimeName, Variant, grid
from sora.errors import SoraError
from sora.features import feature_table
from sora.frames.inputs import NetworkInput, network_input
from sora.frames.spec import InputSpec
from sora.lineage import chain
from sora.manifest import read_table
from sora.params import STRICT, Runtime, Settings
from sora.quiet import import_tensorflow
from sora.trained import Trained, clip_paths, judging_videos, read_trained
from sora.video.write import read_clip
from sora.work import map_videos

_IMAGES_A_STREAM = 2  # of a calibration video


@dataclass(frozen=True)
class Params:
    """Parameters of compress: a grid of candidates, and what one must keep to be served.

    Attributes:
        runtimes: of the backbone.
        precisions: beside float32; a runtime that does not have one is not tried with it.
        prune_channels: shares of the backbone's channels to remove; 0: none.
        prune_weights: shares of its weights to set to zero; 0: none.
        num_calibration_videos: training videos that show int8 the range of the activations.
        max_accuracy_loss: on the validation videos, against float32.
        min_agreement: share of the validation videos that must keep the labels of float32.
        latency_repeats: rounds in which all candidates are timed in turn.
    """

    __pydantic_config__: ClassVar = STRICT

    runtimes: list[RuntimeName]
    precisions: list[Literal["float16", "dynamic", "int8"]]
    prune_channels: list[Annotated[float, Ge(0), Lt(1)]]
    prune_weights: list[Annotated[float, Ge(0), Lt(1)]]
    num_calibration_videos: Annotated[int, Ge(1)]
    max_accuracy_loss: Annotated[float, Ge(0), Le(1)]
    min_agreement: Annotated[float, Ge(0), Le(1)]
    latency_repeats: Annotated[int, Ge(3)]


def run(params: Params, settings: Settings) -> None:
    """Build and measure every candidate, choose one for this host and one for the edge, write the bundle."""
    trained = read_trained()
    variants = grid(params.runtimes, params.precisions, params.prune_channels, params.prune_weights)
    with tempfile.TemporaryDirectory() as folder:
        candidates, several_labels = _build(Path(folder), trained, variants, params)
        figures = _measure(candidates, trained, several_labels, params, settings.runtime)
        here, edge = _choices(figures, Rule(params.max_accuracy_loss, params.min_agreement))
        _write_bundle(trained, candidates, here, edge, several_labels)
    report = _report(figures, here, edge)
    write_json(layout.COMPRESSION, report)
    write_bytes(layout.COMPRESSION_PLOT, _plot(report))


def lineage() -> dict[str, str]:
    """Return the hashes of all that the model came from, first to last."""
    files = [
        *(layout.VALIDATED, layout.SPLITS, layout.FEATURES),
        *(layout.INPUT_SPEC, layout.BACKBONE, layout.TRAINED),
    ]
    return chain(read_table(layout.VALIDATED), files)


def _build(
    folder: Path, trained: Trained, variants: Sequence[Variant], params: Params
) -> tuple[list[Candidate], bool]:
    """Write the networks of each variant; give them, and whether a video may have several labels."""
    import_tensorflow()
    from sora.networks.heads import is_multi_label
    from sora.networks.model_files import load_model

    backbone, head = load_model(trained.backbone_model), load_model(layout.TRAINED)
    has_judge = layout.TRAINED_WITHOUT_VAL.is_dir()
    judge = load_model(layout.TRAINED_WITHOUT_VAL) if has_judge else head
    needs_all = any(variant.precision == "int8" or variant.pruning.channels for variant in variants)
    samples = _samples(trained, params.num_calibration_videos if needs_all else 1)
    return build_candidates(
        folder, backbone, head, judge, variants=variants, samples=samples
    ), is_multi_label(head)


def _samples(trained: Trained, num_videos: int) -> list[np.ndarray]:
    """Return images of training videos, evenly spread, as many at a time as the backbone takes."""
    clips, paths = clip_paths(), list(feature_table(("train",))["path"])
    chosen = paths[:: max(1, len(paths) // num_videos)][:num_videos]
    whole_clips, num_segments = takes_whole_clips(trained.backbone), trained.spec.clip.num_segments
    size, step = (num_segments, 1) if whole_clips else (1, max(1, num_segments // _IMAGES_A_STREAM))
    streams = [_input(clips[path], trained.spec).images[:, ::step] for path in chosen]
    return [batch for images in streams for batch in images.reshape(-1, size, *images.shape[2:])]


def _measure(
    candidates: Sequence[Candidate],
    trained: Trained,
    several_labels: bool,
    params: Params,
    runtime: Runtime,
) -> list[Figures]:
    """Return what every candidate costs on one video, and how good it is on validation and test videos."""
    table, clips = judging_videos(), clip_paths()
    probabilities = _probabilities(
        [clips[path] for path in table["path"]], list(table["split"]), candidates, trained, runtime
    )
    videos = Videos(list(table["split"]), list(table["label"]), list(table["group"]))
    answers = [
        judged(given, probabilities[:, 0], videos, trained.labels, several_labels=several_labels)
        for given in probabilities.swapaxes(0, 1)
    ]
    costs = measure_costs(
        candidates,
        _input(clips[table["path"][0]], trained.spec),
        params.latency_repeats,
        whole_clips=takes_whole_clips(trained.backbone),
    )
    return [Figures(*parts) for parts in zip(candidates, costs, answers, strict=True)]


def _probabilities(
    clips: Sequence[Path],
    splits: Sequence[str],
    candidates: Sequence[Candidate],
    trained: Trained,
    runtime: Runtime,
) -> np.ndarray:
    """Return what candidates say of clips, float32 (N, number of candidates, C).

    Of validation clips, their judges say it, which have not seen them.

    Raises:
        SoraError: a clip cannot be used.
    """
    asked = {
        "val": Asked(tuple((str(c.backbone), str(c.judge)) for c in candidates), trained.spec),
        "test": Asked(tuple((str(c.backbone), str(c.head)) for c in candidates), trained.spec),
    }
    items = [(str(clip), asked[split]) for clip, split in zip(clips, splits, strict=True)]
    outcomes = map_videos(candidate_answers, items, runtime, "compress")
    for clip, outcome in zip(clips, outcomes, strict=True):
        if outcome.reason:
            raise SoraError(f"{clip}: the candidates cannot be tried on it: {outcome.reason}")
    return np.stack([outcome.value for outcome in outcomes])


def _choices(figures: Sequence[Figures], rule: Rule) -> tuple[Choice, Choice]:
    """Choose what serves on this host, and what goes to edge devices, where LiteRT is all there is."""
    on_litert = [found for found in figures if found.candidate.variant.runtime == "litert"]
    here, edge = (choose([f.standing for f in some], rule) for some in (figures, on_litert))
    return here, edge


def _write_bundle(
    trained: Trained, candidates: Sequence[Candidate], here: Choice, edge: Choice, several_labels: bool
) -> None:
    named = {candidate.variant.name: candidate for candidate in candidates}
    write_bundle(
        layout.BUNDLE,
        backbone=named[here.name].backbone,
        head=named[here.name].head,
        edge_backbone=named[edge.name].backbone,
        edge_head=named[edge.name].head,
        spec=trained.spec,
        labels=trained.labels,
        several_labels=several_labels,
        variant=here.name,
        edge_variant=edge.name,
        lineage=lineage(),
    )


def _report(figures: Sequence[Figures], here: Choice, edge: Choice) -> dict[str, Any]:
    chosen = next(found for found in figures if found.name == here.name)
    return {
        "candidates": [found.row(here.refused.get(found.name, "")) for found in figures],
        "chosen": here.name,
        "reason": here.reason,
        "edge": {"chosen": edge.name, "reason": edge.reason, "refused": dict(edge.refused)},
        **chosen.answers.metrics,
    }


def _plot(report: dict[str, Any]) -> bytes:
    from sora.compression.plot import pareto_plot

    return pareto_plot(report)


def _input(clip: Path, spec: InputSpec) -> NetworkInput:
    return network_input(read_clip(clip, spec.clip.num_frames), spec)
