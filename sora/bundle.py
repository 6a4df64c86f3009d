"""The bundle: all that turns a video into probabilities, in one folder that checks itself.

It holds the networks that serve on the host where they were measured, and those for edge devices, which are
LiteRT with built-in operators only. Where both are the same network, there is one file.
"""

import hashlib
import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sora.atomic import replacing_folder
from sora.errors import SoraError
from sora.frames.spec import InputSpec, from_mapping

RECORD = "bundle.json"
NUM_VERSION_DIGITS = 16
_SUFFIXES = {
    "backbone": (".onnx", ".tflite"),
    "head": (".tflite",),
    "edge_backbone": (".tflite",),
    "edge_head": (".tflite",),
}


@dataclass(frozen=True)
class Bundle:
    """A folder with networks and what they expect.

    Attributes:
        folder: where it lies.
        backbone: .onnx or .tflite, images (T, S, S, 3) to features (T, F).
        head: .tflite, features (1, T, F) of all streams and descriptors to probabilities (1, C) and
            embedding (1, E).
        edge_backbone: as ``backbone``, .tflite; the same file where that is one and was chosen for both.
        edge_head: as ``head``, for ``edge_backbone``; mostly the same file.
        spec: how the frames of a video become network input.
        labels: the C names, in the order of the probabilities.
        several_labels: whether the probabilities are independent, for a video may have several labels.
        variant: which of the compressed networks ``backbone`` and ``head`` are.
        edge_variant: which of them ``edge_backbone`` and ``edge_head`` are.
        version: hexadecimal; the same for the same networks and all that stands above.
        lineage: what it was made from, as JSON; not part of the version.
    """

    folder: Path
    backbone: Path
    head: Path
    edge_backbone: Path
    edge_head: Path
    spec: InputSpec
    labels: tuple[str, ...]
    several_labels: bool
    variant: str
    edge_variant: str
    version: str
    lineage: dict[str, Any]


def write_bundle(
    folder: Path,
    *,
    backbone: Path,
    head: Path,
    edge_backbone: Path,
    edge_head: Path,
    spec: InputSpec,
    labels: Sequence[str],
    several_labels: bool,
    variant: str,
    edge_variant: str,
    lineage: dict[str, Any],
) -> Bundle:
    """Copy the networks into ``folder`` with their record; a bundle that was there before is replaced whole.

    Raises:
        SoraError: a network is missing or has the wrong suffix, or the labels are not distinct.
    """
    networks = {
        "backbone": Path(backbone),
        "head": Path(head),
        "edge_backbone": Path(edge_backbone),
        "edge_head": Path(edge_head),
    }
    _check_networks(networks)
    if not labels or len(set(labels)) != len(labels):
        raise SoraError(f"a bundle needs distinct labels, not {list(labels)}")
    content = {
        "spec": asdict(spec),
        "labels": list(labels),
        "several_labels": several_labels,
        "variant": variant,
        "edge_variant": edge_variant,
    }
    with replacing_folder(Path(folder)) as built:
        _fill(built, networks, content, lineage)
    return read_bundle(folder)


def read_bundle(folder: Path) -> Bundle:
    """Read a bundle and check every byte of its networks.

    Raises:
        SoraError: there is none, or it is not what was written.
    """
    folder = Path(folder)
    record = _read_record(folder)
    try:
        content = record["content"]
        files = {name: folder / content["files"][name]["file"] for name in _SUFFIXES}
        for name, path in files.items():
            _check_file(path, content["files"][name]["sha256"])
        if record["version"] != _version(content):
            raise SoraError(f"{folder / RECORD}: was changed after it was written; build the bundle again")
        return Bundle(
            folder=folder,
            **files,
            spec=from_mapping(InputSpec, content["spec"]),
            labels=tuple(content["labels"]),
            several_labels=content["several_labels"],
            variant=content["variant"],
            edge_variant=content["edge_variant"],
            version=record["version"],
            lineage=dict(record["lineage"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        fault = f"{type(error).__name__}: {error}"
        raise SoraError(f"{folder / RECORD}: is damaged ({fault}); build the bundle again") from error


def _check_networks(networks: dict[str, Path]) -> None:
    for name, path in networks.items():
        if path.suffix not in _SUFFIXES[name]:
            raise SoraError(f"{path}: the {name} of a bundle must be {' or '.join(_SUFFIXES[name])}")
        if not path.is_file():
            raise SoraError(f"{path}: the {name} of the bundle is missing")


def _fill(folder: Path, networks: dict[str, Path], content: dict[str, Any], lineage: dict[str, Any]) -> None:
    files: dict[str, dict[str, str]] = {}
    for name, source in networks.items():
        sha256 = _digest(source)
        same = [entry for entry in files.values() if entry["sha256"] == sha256]
        files[name] = same[0] if same else {"file": f"{name}{source.suffix}", "sha256": sha256}
        if not same:
            shutil.copyfile(source, folder / files[name]["file"])
    content = {**content, "files": files}
    record = {"version": _version(content), "content": content, "lineage": lineage}
    text = json.dumps(record, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    (folder / RECORD).write_text(text, encoding="utf-8")


def _read_record(folder: Path) -> dict[str, Any]:
    path = folder / RECORD
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise SoraError(f"{path}: there is no model bundle here; run the pipeline first") from error
    except ValueError as error:
        raise SoraError(f"{path}: is not JSON ({error}); build the bundle again") from error
    if not isinstance(record, dict):
        raise SoraError(f"{path}: holds no JSON object; build the bundle again")
    return record


def _check_file(path: Path, sha256: str) -> None:
    if path.parent / path.name != path or not path.is_file():
        raise SoraError(f"{path}: is missing from the bundle; build it again")
    if _digest(path) != sha256:
        raise SoraError(f"{path}: does not match its checksum in {RECORD}; build the bundle again")


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _version(content: dict[str, Any]) -> str:
    text = json.dumps(content, sort_keys=True, ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:NUM_VERSION_DIGITS]
