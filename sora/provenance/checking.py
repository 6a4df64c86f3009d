"""Whether what a model came from is still here: the hashes of its chain, recomputed."""

import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

import pandas as pd

from sora.bundle import read_bundle
from sora.errors import SoraError
from sora.lineage import path_hash
from sora.provenance.here import UNCOMMITTED
from sora.provenance.record import Link
from sora.provenance.videos import of_files
from sora.sources.hashes import content_hash

State: TypeAlias = Literal["matches", "differs", "is not here"]


@dataclass(frozen=True)
class Checked:
    """One link, what was found, and a remark; both are told."""

    link: Link
    state: State
    remark: str = ""


def check(link: Link, videos: pd.DataFrame, folder: Path) -> Checked:
    """Recompute the digest of a link from the files in ``folder``.

    Args:
        link: which.
        videos: what the model saw, see ``sora.provenance.videos``.
        folder: of the project, or one in which the link's path lies.
    """
    ways: dict[str, Callable[[], Checked]] = {
        "videos": lambda: _videos(link, videos, folder),
        "git": lambda: _commit(link, folder),
        "bundle": lambda: _bundle(link, folder),
        "sha256": lambda: _file(link, folder),
    }
    return ways[link.kind]()


def _videos(link: Link, videos: pd.DataFrame, folder: Path) -> Checked:
    own = videos[(videos["through"] == "") & (videos["role"] != "set aside")]
    files = {file: folder / file for file in own["file"].unique()}
    there = {name: content_hash(path) for name, path in files.items() if path.is_file()}
    good = sum(len(of_files(own[own["file"] == name], frozenset({d}))) for name, d in there.items())
    num_missing = int((~own["file"].isin(there.keys())).sum())
    remark = f"{good} of {len(own)} videos match, {num_missing} are not here"
    if good == len(own):
        return Checked(link, "matches", remark)
    return Checked(link, "differs" if good + num_missing < len(own) else "is not here", remark)


def _file(link: Link, folder: Path) -> Checked:
    path = folder / link.path
    if not path.exists():
        return Checked(link, "is not here")
    return _compared(link, path_hash(path))


def _bundle(link: Link, folder: Path) -> Checked:
    path = folder / link.path
    if not path.exists():
        return Checked(link, "is not here")
    try:
        return _compared(link, read_bundle(path).version)
    except SoraError as error:
        return Checked(link, "differs", str(error))


def _commit(link: Link, folder: Path) -> Checked:
    if link.digest.endswith(UNCOMMITTED):
        return Checked(link, "differs", "files differ from the commit; sora promote records them as they are")
    command = ["git", "cat-file", "-e", f"{link.digest}^{{commit}}"]
    there = (
        link.digest and not subprocess.run(command, cwd=folder, capture_output=True, check=False).returncode
    )
    return Checked(link, "matches" if there else "is not here")


def _compared(link: Link, digest: str) -> Checked:
    return (
        Checked(link, "matches")
        if digest == link.digest
        else Checked(link, "differs", f"here: {digest[:12]}")
    )
