"""Models that are promoted in a project of ``registry_projects``, with Bentos that carry them."""

import io
import shutil
import tarfile
from collections.abc import Mapping
from pathlib import Path

import yaml
from registry_projects import RULES, write_candidate

from sora import layout
from sora.bundle import Bundle, read_bundle
from sora.registry.pointer import Pointer, read_pointer
from sora.registry.promotion import Wish, promote

NOTHING: dict[str, bytes] = {}


def promote_model(
    project: Path,
    name: str,
    bundle: Bundle | None = None,
    beside: Mapping[str, bytes] = NOTHING,
    others: Mapping[str, bytes] = NOTHING,
) -> Pointer:
    """Promote a model, whatever the gate says.

    ``beside`` are files that lie beside its bundle in the Bento, ``others`` stand there under any name;
    without ``bundle`` the networks are bytes that hold ``name``.
    """
    write_candidate(project, name)
    if bundle is not None:
        shutil.rmtree(project / layout.BUNDLE)
        shutil.copytree(bundle.folder, project / layout.BUNDLE)
    _write_export(project / layout.BENTO, read_bundle(project / layout.BUNDLE), beside, others)
    promote(project, RULES, Wish("ann", force="a test"))
    pointer = read_pointer(project / layout.REGISTRY)
    assert pointer is not None
    return pointer


def _write_export(
    path: Path, bundle: Bundle, beside: Mapping[str, bytes], others: Mapping[str, bytes]
) -> None:
    files = {f"src/models/{name}": data for name, data in beside.items()} | dict(others)
    files |= {f"src/models/sora/{file.name}": file.read_bytes() for file in bundle.folder.iterdir()}
    record = {"name": "sora-video", "version": bundle.version, "creation_time": "now"}
    with tarfile.open(path, "w") as archive:
        for name, data in {"bento.yaml": yaml.safe_dump(record).encode(), **files}.items():
            member = tarfile.TarInfo(f"./{name}")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
