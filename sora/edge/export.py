"""The folder that runs a trained model on an edge device: networks, the code for its input, a runner."""

import shutil
from importlib import metadata
from pathlib import Path
from string import Template
from typing import Any

import sora
from sora.atomic import replacing_folder
from sora.bundle import Bundle, read_bundle, write_bundle
from sora.errors import SoraError
from sora.quiet import silent_stderr

PACKAGES = ("ai-edge-litert", "numpy", "opencv-python")
SOURCES = (
    "__init__.py",
    "atomic.py",
    "bundle.py",
    "decision.py",
    "errors.py",
    "frames",
)  # what the runner imports

_RUNNER, _README, _REQUIREMENTS, _MODEL = "predict.py", "README.md", "requirements.txt", "model"


def export_edge(folder: Path, bundle_folder: Path, *, replace: bool = False) -> Bundle:
    """Write the edge networks of a bundle, with all that runs them, into ``folder``; give the bundle in it.

    The folder appears whole or not at all. With ``replace`` an earlier export may be there.

    Raises:
        SoraError: the bundle is missing or damaged, or something else is in the folder.
    """
    folder, bundle = Path(folder).resolve(), read_bundle(bundle_folder)
    _refuse_what_is_there(folder, replace)
    with replacing_folder(folder) as built:
        exported = _write_model(built / _MODEL, bundle)
        _copy_sources(built)
        _write_texts(built, exported)
    return read_bundle(folder / _MODEL)


def size_bytes(folder: Path) -> int:
    """Return what the files of a folder take, at any depth."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _refuse_what_is_there(folder: Path, replace: bool) -> None:
    if folder.exists() and not folder.is_dir():
        raise SoraError(f"{folder}: expected a folder to export to, this is a file")
    names = {path.name for path in folder.iterdir()} if folder.exists() else set()
    if not names:
        return
    if not replace:
        raise SoraError(f"{folder}: is not empty; name a new folder, or --force to replace an earlier export")
    if not {_RUNNER, _MODEL} <= names:
        raise SoraError(f"{folder}: holds other things than an export, which are not replaced; name another")


def _write_model(folder: Path, bundle: Bundle) -> Bundle:
    """Write a bundle whose only networks are those for edge devices."""
    return write_bundle(
        folder,
        backbone=bundle.edge_backbone,
        head=bundle.edge_head,
        edge_backbone=bundle.edge_backbone,
        edge_head=bundle.edge_head,
        spec=bundle.spec,
        labels=bundle.labels,
        several_labels=bundle.several_labels,
        variant=bundle.edge_variant,
        edge_variant=bundle.edge_variant,
        lineage={**bundle.lineage, "exported_from": bundle.version},
    )


def _copy_sources(folder: Path) -> None:
    package = Path(sora.__file__).parent
    shutil.copyfile(package / "edge" / _RUNNER, folder / _RUNNER)
    for name in SOURCES:
        source, target = package / name, folder / "sora" / name
        target.parent.mkdir(exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", ".*"))
        else:
            shutil.copyfile(source, target)


def _write_texts(folder: Path, bundle: Bundle) -> None:
    pinned = "".join(f"{name}=={metadata.version(name)}\n" for name in PACKAGES)
    (folder / _REQUIREMENTS).write_text(pinned, encoding="utf-8")
    template = Template((Path(__file__).parent / _README).read_text(encoding="utf-8"))
    (folder / _README).write_text(template.substitute(_facts(bundle)), encoding="utf-8")


def _facts(bundle: Bundle) -> dict[str, Any]:
    """Return what the README tells of a bundle."""
    images, features = _shapes(bundle.edge_backbone)
    summary, probabilities, embedding = _shapes(bundle.edge_head)
    spec = bundle.spec
    return {
        "version": bundle.version,
        "variant": bundle.edge_variant,
        "labels": ", ".join(bundle.labels),
        "backbone": f"{_MODEL}/{bundle.edge_backbone.name}",
        "head": f"{_MODEL}/{bundle.edge_head.name}",
        "backbone_input": images,
        "backbone_output": features,
        "head_input": summary,
        "head_output": probabilities,
        "embedding": embedding,
        "num_segments": spec.clip.num_segments,
        "frames_per_segment": spec.clip.frames_per_segment,
        "image_size_px": spec.clip.image_size_px,
        "streams": ", ".join(spec.streams.names),
        "num_descriptors": summary[2] - len(spec.streams.names) * features[1],
        "pixel_mean": spec.pixel_mean,
        "pixel_scale": spec.pixel_scale,
    }


def _shapes(network: Path) -> list[tuple[int, ...]]:
    """Return the shapes of the inputs and then of the outputs of a LiteRT file."""
    from ai_edge_litert.interpreter import Interpreter

    with silent_stderr():
        interpreter = Interpreter(str(network))
    details = [*interpreter.get_input_details(), *interpreter.get_output_details()]
    return [tuple(int(size) for size in each["shape"]) for each in details]
