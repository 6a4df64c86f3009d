"""BentoML's store of Bentos: an exported one is put into it where it is missing."""

import os
import tarfile
import tempfile
from pathlib import Path

import yaml

from sora import atomic
from sora.errors import SoraError


def ensure_in_store(export: Path, *, is_latest: bool = True) -> str:
    """Put an exported Bento into BentoML's store where it is missing or another build; give its tag.

    If ``is_latest``, ``latest`` then points to it. The store is ``$BENTOML_HOME``, or bentoml in the home
    folder.

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
    if is_latest:
        atomic.write_text(target.parent / "latest", version)
    return f"{name}:{version}"


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
