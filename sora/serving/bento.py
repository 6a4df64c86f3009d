"""Packing a bundle and the code that serves it into a Bento, and putting that into BentoML's store."""

import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from importlib import metadata
from pathlib import Path

import yaml

import sora
from sora import atomic
from sora.bundle import Bundle, read_bundle
from sora.errors import SoraError

NAME = "sora-video"  # "sora" would make BentoML import the package in the checkout in place of the Bento
SERVICE = "sora.serving.service:SoraVideo"
PACKAGES = ("ai-edge-litert", "av", "numpy", "onnxruntime", "opencv-python", "pebble")  # BentoML adds itself
# What the service imports, relative to the package; a test keeps this list true.
SOURCES = (
    "__init__.py",
    "atomic.py",
    "bundle.py",
    "clip.py",
    "decision.py",
    "errors.py",
    "guard.py",
    "lifetime.py",
    "predictor.py",
    "quiet.py",
    "runtimes.py",
    "frames",
    "serving",
    "video",
)

# Run by a Python of its own, which has not imported sora: the copy in the context is the one it finds.
_BUILD = """
import json, sys
import bentoml
bento = bentoml.bentos.build(**json.loads(sys.argv[1]))
bentoml.bentos.export_bento(bento.tag, sys.argv[2])
"""


def build_bento(bundle_folder: Path, export_to: Path) -> str:
    """Build the Bento ``sora-video:<version of the bundle>``; give its tag.

    It is exported to the file ``export_to`` (.bento) and put into BentoML's store, in place of one with the
    same version, with ``sora-video:latest`` pointing to it. Needs no network.

    Raises:
        SoraError: the bundle is damaged, or BentoML fails.
    """
    bundle = read_bundle(bundle_folder)
    with atomic.replacing(Path(export_to)) as exported, tempfile.TemporaryDirectory() as temporary:
        context = Path(temporary) / "context"
        _copy_sources(context, bundle)
        _run_build(context, bundle.version, Path(temporary))
        shutil.copyfile(Path(temporary) / "exported.bento", exported)
    return ensure_in_store(export_to)


def ensure_in_store(export: Path) -> str:
    """Put an exported Bento into BentoML's store where it is missing or another build; give its tag.

    ``latest`` then points to it. The store is ``$BENTOML_HOME``, or bentoml in the home folder.

    Raises:
        SoraError: the file is missing or is no Bento.
    """
    home = Path(os.environ.get("BENTOML_HOME") or Path.home() / "bentoml")
    (home / "tmp").mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=home / "tmp") as temporary:
        unpacked = Path(temporary) / "new"
        _unpack(Path(export), unpacked)
        name, version = _identity(unpacked)
        target = home / "bentos" / name / version
        if not _same_build(unpacked, target):
            _put(unpacked, target, Path(temporary) / "old")
    atomic.write_text(target.parent / "latest", version)
    return f"{name}:{version}"


def _copy_sources(context: Path, bundle: Bundle) -> None:
    package = Path(sora.__file__).parent
    for name in SOURCES:
        source, target = package / name, context / "sora" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", ".*"))
        else:
            shutil.copyfile(source, target)
    shutil.copytree(bundle.folder, context / "models" / "sora")


def _run_build(context: Path, version: str, temporary: Path) -> None:
    options = {
        "service": SERVICE,
        "name": NAME,
        "version": version,
        "build_ctx": str(context),
        "include": ["sora/", "models/sora/"],
        "exclude": ["__pycache__/", "*.pyc"],
        "python": {"packages": _pinned_packages(), "lock_packages": False},
    }
    arguments = ["-P", "-c", _BUILD, json.dumps(options), str(temporary / "exported.bento")]
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


def _pinned_packages() -> list[str]:
    return [f"{name}=={metadata.version(name)}" for name in PACKAGES]


def _unpack(export: Path, folder: Path) -> None:
    try:
        with tarfile.open(export) as archive:
            archive.extractall(folder, filter="data")
    except FileNotFoundError as error:
        raise SoraError(f"{export}: there is no exported Bento here; run the package stage") from error
    except tarfile.TarError as error:
        raise SoraError(f"{export}: is not an exported Bento; run the package stage again") from error


def _identity(folder: Path) -> tuple[str, str]:
    try:
        record = yaml.safe_load((folder / "bento.yaml").read_text(encoding="utf-8"))
        return record["name"], record["version"]
    except (OSError, KeyError, TypeError, yaml.YAMLError) as error:
        raise SoraError("the exported Bento has no good bento.yaml; run the package stage again") from error


def _same_build(one: Path, other: Path) -> bool:
    """Compare the records of two Bentos, which hold the time of the build."""
    record = other / "bento.yaml"
    return record.is_file() and record.read_bytes() == (one / "bento.yaml").read_bytes()


def _put(new: Path, target: Path, old: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.exists():
        target.rename(old)
    try:
        new.rename(target)
    except OSError:
        if old.exists():
            old.rename(target)
        raise
