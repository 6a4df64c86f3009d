"""What the applications need beside the bundle in a Bento: names of objects, an index, a policy."""

import shutil
from dataclasses import replace
from pathlib import Path

from sora.apps.analysis.models import load_models
from sora.apps.analysis.objects import ObjectClassifier, classifier_path, write_classifier
from sora.apps.index.project import build_index
from sora.apps.index.store import create_index, open_index
from sora.apps.index.videos import BundleDescriber
from sora.apps.moderation.judging import check_models
from sora.apps.moderation.policy import read_policy
from sora.bundle import Bundle
from sora.params import Runtime

INDEX, POLICY = "search.db", "policy.yaml"


def write_contents(folder: Path, bundle: Bundle, policy: Path, known: Path, runtime: Runtime) -> str:
    """Write into ``folder`` the files that lie beside the bundle in a Bento.

    Args:
        folder: it is made where it is missing.
        bundle: of the project that this process runs in.
        policy: a moderation policy.
        known: an index that is brought up to date, so that no video is embedded twice by the same bundle.
        runtime: how work is spread, where clips must be read.

    Returns:
        Why objects and scenes have no names, and their file is missing; empty where it is there.

    Raises:
        SoraError: the policy is missing, wrong, or cannot be applied with these networks; or as
            ``build_index``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    models = load_models(bundle.folder)
    check_models(read_policy(policy), models, policy)
    shutil.copyfile(policy, folder / POLICY)
    if isinstance(models.objects, ObjectClassifier):
        write_classifier(folder / classifier_path(bundle.folder).name, models.objects)
    _write_index(folder / INDEX, bundle, known, runtime)
    return models.no_objects


def _write_index(path: Path, bundle: Bundle, known: Path, runtime: Runtime) -> None:
    """Write an index that tells nothing of how it came about: the same videos give the same rows."""
    build_index(known, bundle, runtime, BundleDescriber(bundle.folder))
    index = open_index(known, bundle.version)
    ids, vectors = index.vectors()
    entries = index.entries()
    by_name = sorted(range(len(ids)), key=lambda place: entries[int(ids[place])].video)
    videos = [replace(entries[int(ids[place])], file="") for place in by_name]  # files stay here
    create_index(path, bundle.version).put(videos, vectors[by_name])
