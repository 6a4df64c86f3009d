"""What else the user's labels.csv says of each video.

It lies apart from the manifest: a change of that validates, cleans and trains anew, of this it evaluates.
"""

from collections.abc import Sequence

import pandas as pd

from sora import layout
from sora.errors import SoraError
from sora.manifest import read_table
from sora.sources.videos import LabelledVideo


def attributes_table(videos: Sequence[LabelledVideo]) -> pd.DataFrame:
    """Return path and every other column of the user's table, in its order; empty where a row has none."""
    names = dict.fromkeys(name for video in videos for name in video.attributes)
    rows = [[video.path, *(video.attributes.get(name, "") for name in names)] for video in videos]
    return pd.DataFrame(rows, columns=["path", *names])


def read_attributes(paths: Sequence[str], columns: Sequence[str]) -> pd.DataFrame:
    """Return ``columns`` of the videos ``paths``, a row each in that order; numbers as numbers.

    Raises:
        SoraError: labels.csv had no such column.
    """
    table = read_table(layout.ATTRIBUTES).set_index("path")
    for name in columns:
        if name not in table.columns:
            raise SoraError(
                f"params.yaml: evaluate.slice_columns: expected columns of labels.csv "
                f"({', '.join(map(str, table.columns)) or 'there are none'}), got {name!r}"
            )
    return table.reindex(list(paths))[list(columns)].reset_index(drop=True)
