"""The commands about where models came from, and about videos that must go."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sora import layout
from sora.cli.application import failure, print_lines

if TYPE_CHECKING:
    from sora.provenance.checking import Checked
    from sora.provenance.tracing import ModelTrace, VideoTrace

_HERE = Path()


def lineage(
    what: Annotated[
        str,
        typer.Argument(
            help="A version, a prediction's id, a video file, its path in the manifest or its content hash; "
            "or the beginning of a version or a hash. [default: the model that is here]",
            metavar="[MODEL|PREDICTION_ID|VIDEO]",
        ),
    ] = "",
    *,
    check: Annotated[
        bool, typer.Option("--check", help="Recompute the hashes of what is here; exit code 1 on damage.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Show what a model came from, from its videos to its Bento; or which models saw a video."""
    from sora.errors import SoraError
    from sora.provenance.checking import check as check_link
    from sora.provenance.tracing import Known, VideoTrace, trace
    from sora.provenance.words import as_json as to_json
    from sora.provenance.words import model_lines, video_lines
    from sora.registry.pointer import read_pointer

    registry = _HERE / layout.REGISTRY
    try:
        pointer = read_pointer(registry)
        serving = pointer.version if pointer else ""
        found = trace(what, Known(_HERE, registry))
        if isinstance(found, VideoTrace):
            checked: list[Checked] = []
            lines = video_lines(found, serving)
        else:
            links = found.record.links
            checked = [check_link(link, found.videos, _HERE) for link in links] if check else []
            lines = model_lines(found, serving, checked)
    except SoraError as error:
        raise failure(str(error)) from error
    if as_json:
        print(json.dumps(to_json(found, serving, checked), ensure_ascii=False))
    else:
        print_lines(lines)
    raise typer.Exit(int(_is_damaged(found, checked)))


def _is_damaged(found: "ModelTrace | VideoTrace", checked: "list[Checked]") -> bool:
    """Whether a file differs that is this model's own, and not another's that lies in its place."""
    from sora.provenance.tracing import ModelTrace

    if not isinstance(found, ModelTrace):
        return False
    own = [one for one in checked if found.is_here or one.link.path.startswith(f"{layout.REGISTRY}/")]
    return any(one.state == "differs" and one.link.kind != "git" for one in own)
