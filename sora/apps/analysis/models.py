"""The networks that look at a video for the applications."""

from dataclasses import dataclass
from pathlib import Path

from sora.apps.analysis.nsfw import PACKAGE_VERSION, NsfwNetwork
from sora.apps.analysis.objects import ObjectClassifier, classifier_path, object_columns, read_classifier
from sora.errors import SoraError
from sora.guard import Budget
from sora.predictor import Predictor


@dataclass(frozen=True, eq=False)
class Models:
    """A bundle, and what can be had beside it; for what cannot, the reason stands in its place."""

    predictor: Predictor
    objects: ObjectClassifier | str
    nsfw: NsfwNetwork | str

    @property
    def no_objects(self) -> str:
        """Why there are no objects; empty where there are."""
        return self.objects if isinstance(self.objects, str) else ""

    @property
    def no_looks(self) -> str:
        """Why nothing is said of safety; empty where something is."""
        return self.nsfw if isinstance(self.nsfw, str) else ""

    @property
    def fingerprint(self) -> str:
        """Text that is the same for networks that give the same answers."""
        objects = "" if isinstance(self.objects, str) else self.objects.digest
        nsfw = "" if isinstance(self.nsfw, str) else PACKAGE_VERSION
        return f"{self.predictor.bundle.version}/{objects}/{nsfw}"


def load_models(bundle_folder: Path, budget: Budget | None = None, *, export_objects: bool = True) -> Models:
    """Load a bundle, the classifier of objects where there can be one, and the optional safety network.

    Args:
        bundle_folder: the bundle.
        budget: what reading one video may take.
        export_objects: write the classifier beside the bundle where it is missing or of another one. That
            needs Keras, which a server does not have: there it is named among what is missing.

    Raises:
        SoraError: the bundle is missing or damaged.
    """
    predictor = Predictor(bundle_folder, budget)
    return Models(predictor, _objects(predictor, export_objects), _nsfw())


def _objects(predictor: Predictor, export: bool) -> ObjectClassifier | str:
    bundle = predictor.bundle
    path = classifier_path(bundle.folder)
    try:
        object_columns(bundle.spec)
        try:
            return read_classifier(path, bundle)
        except SoraError:
            if not export:
                raise
            from sora.apps.analysis.object_export import export_classifier

            return read_classifier(export_classifier(bundle), bundle)
    except SoraError as error:
        return str(error)


def _nsfw() -> NsfwNetwork | str:
    try:
        return NsfwNetwork()
    except SoraError as error:
        return str(error)
