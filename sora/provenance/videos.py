"""The videos that a model saw, and in what role; pure functions on tables.

Such a table has the columns content_hash, path, file, label, role, num_views, reason and through: a row for
each input of the pipeline that has content. ``role`` is train, val, test or ``set aside`` (then ``reason``
says why), ``num_views`` is how many views of it train was given, and ``through`` is the version of the
ancestor that saw it where the model itself did not: what an ancestor learned is still in the weights.
"""

import pandas as pd

from sora.sources.videos import part_hash
from sora.video.read import Window

COLUMNS = ["content_hash", "path", "file", "label", "role", "num_views", "reason", "through"]
LEARNED = ("train", "val")  # val too: it chooses among models, and some heads are fitted to it in the end
SET_ASIDE = "set aside"
_FRAGMENT = "#t="


def seen_videos(
    manifest: pd.DataFrame, splits: pd.DataFrame, features: pd.DataFrame, outcomes: pd.DataFrame
) -> pd.DataFrame:
    """Return what a run of the pipeline saw, from the tables that its stages wrote, ordered by path."""
    table = manifest.loc[manifest["content_hash"] != "", ["content_hash", "path", "file", "label"]]
    table = table.merge(splits, how="left", on="path")
    table = table.merge(outcomes[["path", "outcome", "reason"]], how="left", on="path")
    views = features[features["reason"] == ""].groupby("path").size()
    is_in = table["outcome"] == "ok"
    learned = is_in & table["split"].isin(LEARNED)
    table["role"] = table["split"].where(is_in, SET_ASIDE)
    table["num_views"] = table["path"].map(views).where(learned, 0).fillna(0).astype(int)
    return table.assign(through="")[COLUMNS].sort_values("path", ignore_index=True)


def with_ancestor(own: pd.DataFrame, ancestor: pd.DataFrame, version: str) -> pd.DataFrame:
    """Return ``own`` and what else the model ``version`` that it was trained on from has learned."""
    learned = own[own["role"].isin(LEARNED)]
    more = ancestor[ancestor["role"].isin(LEARNED) & ~ancestor["content_hash"].isin(learned["content_hash"])]
    more = more.assign(through=more["through"].where(more["through"] != "", version))
    return pd.concat([own, more], ignore_index=True)


def of_files(table: pd.DataFrame, file_hashes: frozenset[str]) -> pd.DataFrame:
    """Return the rows whose content is that of files, or of parts of them."""
    is_part = table["path"].str.contains(_FRAGMENT, regex=False)
    fragments = table.loc[is_part, "path"].map(_window).drop_duplicates()
    contents = {part_hash(digest, window) for digest in file_hashes for window in fragments}
    return table[table["content_hash"].isin(contents | file_hashes)]


def counts(table: pd.DataFrame) -> dict[str, int]:
    """Return how many videos have each role; those of ancestors apart."""
    own = table[table["through"] == ""]
    found = {role: int((own["role"] == role).sum()) for role in (*LEARNED, "test", SET_ASIDE)}
    return found | {"of ancestors": len(table) - len(own)}


def location_of(path: str) -> str:
    """Return the path or URL of the file that a video is, or is a part of."""
    return path.rpartition(_FRAGMENT)[0] or path


def _window(path: str) -> Window:
    """Return the part that the path of a part names."""
    start, _, end = path.rpartition(_FRAGMENT)[2].partition(",")
    return Window(float(start), float(end or "inf"))
