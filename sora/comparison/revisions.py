"""Results of a git revision or a DVC experiment, read through DVC while nothing is checked out."""

import io
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from sora import layout
from sora.errors import SoraError
from sora.evaluation.comparison import Comparison, Results, compare
from sora.manifest import labels_in, probability_column

if TYPE_CHECKING:
    from dvc.repo import Repo

WORKSPACE = "workspace"  # the name that DVC has for the work tree


def compare_revisions(before: str, after: str = WORKSPACE) -> Comparison:
    """Return how the results of revision ``after`` differ from those of ``before``, for the project here.

    A revision is what git or DVC name so: a commit, a branch, a tag, an experiment, or ``workspace``. Groups
    are those of the work tree, and where it does not have a video those of the revisions.

    Raises:
        SoraError: this is no DVC project in git, a revision is unknown or has no results, or the two have no
            held-out video in common.
    """
    with _project() as repo:
        results = [_results(repo, revision) for revision in (before, after)]
        paths = {path for side in results for path in side.predictions["path"]}
        groups = _groups(repo, (WORKSPACE, after, before), paths)
    return compare(results[0], results[1], groups)


@contextmanager
def _project() -> Iterator["Repo"]:
    from dvc.exceptions import NotDvcRepoError
    from dvc.repo import Repo
    from dvc.scm import NoSCM, SCMError

    try:
        repo = Repo()
    except (NotDvcRepoError, SCMError) as error:
        raise SoraError(
            f"{Path.cwd()} is no DVC project in git; run from the folder of the project"
        ) from error
    with repo:
        if isinstance(repo.scm, NoSCM):
            raise SoraError(
                f"{Path.cwd()} is not in a git repository, so that it has no revisions to compare"
            )
        yield repo


def _results(repo: "Repo", revision: str) -> Results:
    texts = _texts(repo, revision, (layout.PREDICTIONS, layout.METRICS))
    for path, text in texts.items():
        if text is None:
            raise SoraError(
                f"{revision} has no {path}: run dvc repro there and commit it, or dvc pull where it is cached"
            )
    predictions = _predictions(texts[layout.PREDICTIONS] or "", f"{layout.PREDICTIONS} of {revision}")
    return Results(
        revision, predictions, _metrics(texts[layout.METRICS] or "", f"{layout.METRICS} of {revision}")
    )


def _groups(repo: "Repo", revisions: Iterable[str], paths: set[str]) -> dict[str, str]:
    """Return the group of as many of ``paths`` as any revision tells, the first that does."""
    found: dict[str, str] = {}
    for revision in revisions:
        if paths <= found.keys():
            break
        text = _texts(repo, revision, (layout.VALIDATED,))[layout.VALIDATED]
        if text is not None:
            table = _table(text, f"{layout.VALIDATED} of {revision}", ["path", "group"])
            found = dict(zip(table["path"], table["group"], strict=True)) | found
    return found


def _texts(repo: "Repo", revision: str, paths: Iterable[Path]) -> dict[Path, str | None]:
    """Return what files say at a revision, be they in git or in DVC's cache; None for one not there."""
    from dvc.exceptions import NotDvcRepoError
    from dvc.scm import RevError

    place = Path.cwd().relative_to(Path(repo.root_dir).resolve())
    try:
        with repo.switch(revision):
            return {path: _text(repo, place / path) for path in paths}
    except RevError as error:
        raise SoraError(
            f"{revision!r} is no revision of git and no DVC experiment; see git log, dvc exp list"
        ) from error
    except NotDvcRepoError:
        return dict.fromkeys(paths)  # the commit is older than the DVC project


def _text(repo: "Repo", path: Path) -> str | None:
    try:
        return repo.dvcfs.read_text(f"/{path.as_posix()}", encoding="utf-8")
    except FileNotFoundError:
        return None


def _predictions(text: str, where: str) -> pd.DataFrame:
    table = _table(text, where, ["path", "label", "predicted"])
    labels = {label for joined in table["label"] for label in labels_in(joined)}
    missing = sorted({probability_column(label) for label in labels} - set(table.columns))
    if missing or table["path"].duplicated().any():
        reason = f"it has no column {missing[0]}" if missing else "a video stands in it twice"
        raise SoraError(f"{where} cannot be used: {reason}; run dvc repro evaluate there")
    return table


def _table(text: str, where: str, columns: list[str]) -> pd.DataFrame:
    """Return a table with ``columns`` as text."""
    try:
        table = pd.read_csv(io.StringIO(text), dtype=dict.fromkeys(columns, str), keep_default_na=False)
    except ValueError as error:
        raise SoraError(f"{where} is damaged: {error}") from error
    missing = [name for name in columns if name not in table.columns]
    if missing:
        raise SoraError(f"{where} has no column {missing[0]}; it has {', '.join(map(str, table.columns))}")
    return table


def _metrics(text: str, where: str) -> dict[str, Any]:
    try:
        return dict(json.loads(text))
    except (ValueError, TypeError) as error:
        raise SoraError(f"{where} is damaged: {error}") from error
