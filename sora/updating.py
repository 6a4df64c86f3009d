"""What ``sora update`` does: the model that serves becomes the parent from which train goes on."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from sora import layout
from sora.atomic import write_text
from sora.dvc_repair import repair
from sora.errors import SoraError
from sora.params import PARAMS, read_section
from sora.provenance.record import read_videos, recorded
from sora.registry.pointer import read_pointer
from sora.registry.provenance import num_forgotten
from sora.training.spec import TrainSpec

if TYPE_CHECKING:
    from dvc.repo import Repo

_PARENT = "train.update.parent"


def propose_update() -> list[str]:
    """Pin the model that serves as the parent of the next training; return what to tell.

    Its weights come from DVC's cache by the git tag of its promotion. They become ``models/parent``, which
    DVC tracks, and params.yaml names that; nothing is trained yet.

    Raises:
        SoraError: nothing serves, it has learned what was removed since, its weights cannot be had, or
            params.yaml cannot be changed.
    """
    pointer = read_pointer(layout.REGISTRY)
    if pointer is None:
        raise SoraError("no model serves yet, so there is none to update: dvc repro, then sora promote")
    _refuse_forgotten(pointer.version)
    repair(Path())  # what a DVC that was killed left half-written
    with _project() as repo:
        _bring(repo, pointer.tag)
        repo.add([layout.PARENT.as_posix()])
    _set_parent(layout.PARENT)
    return [
        f"{layout.PARENT} is what {pointer.version} was made of, and {PARAMS} says that train starts from it",
        f"next: dvc repro && sora promote, and commit {PARAMS} and {layout.PARENT}.dvc",
        "back to training from nothing: sora update --off",
    ]


def call_off_update() -> list[str]:
    """Let the next training start from nothing again; return what to tell.

    Raises:
        SoraError: params.yaml cannot be changed.
    """
    _set_parent(layout.NO_PARENT)
    return [f"{PARAMS} says that train starts from nothing; next: dvc repro"]


def with_value(text: str, name: str, value: str) -> str:
    """Return YAML in which a parameter has another value; the rest, comments too, stays as it is.

    Args:
        text: of mappings.
        name: dotted.
        value: as it is to be written.

    Raises:
        SoraError: there is no such parameter.
    """
    node: yaml.Node | None = yaml.compose(text)
    for key in name.split("."):
        found = node.value if isinstance(node, yaml.MappingNode) else []
        node = next((inner for outer, inner in found if outer.value == key), None)
    if node is None:
        raise SoraError(f"{PARAMS}: {name}: this parameter is missing; copy it from Sora's own {PARAMS}")
    return text[: node.start_mark.index] + value + text[node.end_mark.index :]


def _refuse_forgotten(version: str) -> None:
    if version not in recorded(layout.REGISTRY):
        return
    if num_forgotten(Path(), read_videos(layout.REGISTRY, version)):
        raise SoraError(
            f"{version} has learned what was removed since (sora forget), and nothing unlearns: train from "
            "nothing, sora update --off, dvc repro"
        )


@contextmanager
def _project() -> Iterator["Repo"]:
    from dvc.exceptions import DvcException
    from dvc.repo import Repo
    from dvc.scm import SCMError

    try:
        with Repo() as repo:
            yield repo
    except (DvcException, SCMError) as error:
        raise SoraError(f"DVC cannot bring the weights of the model that serves: {error}") from error


def _bring(repo: "Repo", tag: str) -> None:
    """Copy what train wrote for a tag to ``models/parent``."""
    place = Path.cwd().relative_to(Path(repo.root_dir).resolve())
    with tempfile.TemporaryDirectory(dir=layout.PARENT.parent, prefix=".tmp-") as folder:
        copy = Path(folder) / "trained"
        with repo.switch(tag):
            try:
                repo.dvcfs.get(f"/{(place / layout.TRAINED).as_posix()}", str(copy), recursive=True)
            except FileNotFoundError as error:
                raise SoraError(
                    f"{layout.TRAINED} of {tag} is not in DVC's cache: dvc pull, or dvc repro at that tag"
                ) from error
        if not (copy / layout.TRAINED_LEARNED.name).is_file():
            raise SoraError(
                f"{tag} was trained before Sora kept what a model has learned: dvc repro, sora promote, then "
                "sora update"
            )
        shutil.rmtree(layout.PARENT, ignore_errors=True)
        copy.rename(layout.PARENT)


def _set_parent(folder: Path) -> None:
    before = PARAMS.read_text(encoding="utf-8")
    after = with_value(before, _PARENT, folder.as_posix())
    if after != before:
        write_text(PARAMS, after)
    if read_section("train", TrainSpec).update.parent != folder.as_posix():
        write_text(PARAMS, before)
        raise SoraError(f"{PARAMS}: a recipe sets {_PARENT}, which must stand in the section train alone")
