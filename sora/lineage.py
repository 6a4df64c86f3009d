"""The chain of hashes from the source videos to the model that is served."""

import hashlib
import json
from pathlib import Path

import pandas as pd

from sora import __version__


def chain(manifest: pd.DataFrame, files: list[Path]) -> dict[str, str]:
    """Return a SHA-256 for the source videos and each file or folder, in the order given.

    ``videos`` is the hash over the sorted content hashes of the manifest.
    """
    videos = hashlib.sha256("\n".join(sorted(manifest["content_hash"])).encode()).hexdigest()
    links = {"sora": __version__, "videos": videos}
    return links | {path.as_posix(): path_hash(path) for path in files}


def path_hash(path: Path) -> str:
    """Return the SHA-256 of a file, or of the names and hashes of a folder's files."""
    if path.is_file():
        return hashlib.sha256(path.read_bytes()).hexdigest()
    files = sorted(p for p in path.rglob("*") if p.is_file())
    listing = {p.relative_to(path).as_posix(): path_hash(p) for p in files}
    return hashlib.sha256(json.dumps(listing, sort_keys=True).encode()).hexdigest()
