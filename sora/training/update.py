"""An update: a trained model, its parent, learns from videos that came after it."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import pandas as pd

from sora.errors import SoraError
from sora.features import FeatureSet
from sora.manifest import labels_in
from sora.training.calibration import NOT_WANTED, Calibration, calibration
from sora.training.fitted import Fitted, OnEpoch, Row, best_validation, targets
from sora.training.forgetting import effect
from sora.training.measures import accuracy, log_loss
from sora.training.parent import INSTEAD, Parent, known_videos
from sora.training.reservoir import reservoir
from sora.training.spec import TrainSpec
from sora.training.update_linear import update_linear

if TYPE_CHECKING:
    import keras

Teach: TypeAlias = Callable[["keras.Model", FeatureSet], "keras.Model"]

_FIXED_BATCH_SIZE = 16


def rows_for_update(videos: pd.DataFrame, parent: Parent, reservoir_size: int, seed: int) -> np.ndarray:
    """Say which rows an update needs, bool (N,): new ones, the reservoir, and val for its measures.

    Args:
        videos: columns key, label and split, of train and val.
        parent: of the update.
        reservoir_size: how many of the rows that the parent knows are seen again.
        seed: of the reservoir.

    Raises:
        SoraError: no video is new.
    """
    known, replayed = _known_and_replayed(videos, parent, reservoir_size, seed)
    if known.all():
        raise SoraError(f"the parent knows every video already; add new ones, {INSTEAD}")
    return ~known | replayed | (videos["split"] == "val").to_numpy()


def update(
    parent: Parent,
    features: FeatureSet,
    labels: list[str],
    spec: TrainSpec,
    seed: int,
    *,
    on_epoch: OnEpoch | None = None,
) -> Fitted:
    """Teach a copy of ``parent`` the videos that it does not know; the same arguments give the same bytes.

    A video whose label has changed is new. Of the others a reservoir is seen again. The head ``linear`` keeps
    what the parent's search has chosen and fits it to these videos (``sora.training.update_linear``); a head
    over time keeps what it sees in a video, and gets another linear end (``sora.training.update_sequence``).
    Where the parent has a ``without_val``, that is taught too, by the videos of train alone, and tells by
    those of val what the update gains and what it forgets.

    Args:
        parent: stays as it is.
        features: of train and val: at least the rows that ``rows_for_update`` wants.
        labels: names in their new order; all of the parent's are among them.
        spec: the parameters.
        seed: of the reservoir.
        on_epoch: gets each row of the history.

    Raises:
        SoraError: the parent is of another head or of other features, a label of it has gone, there is no new
            video to learn from, or videos have several labels for the first time.
    """
    from sora.networks.temperature import with_temperature

    _require(parent, features, labels, spec)
    known, replayed = _known_and_replayed(features.videos, parent, spec.update.reservoir_size, seed)
    in_train = (features.videos["split"] == "train").to_numpy()
    learns_val = parent.without_val is not None
    if (known | ~(in_train | learns_val)).all():
        raise SoraError(f"no new video is in train, the others only judge; add more, {INSTEAD}")
    seen = ~known | replayed
    teach = _teacher(parent, labels, spec)
    taught = _rows(features, seen & in_train)
    judged = teach(parent.judged, taught)
    model = teach(parent.model, _rows(features, seen)) if learns_val else judged
    train, val = (_Measured.of(each, labels, parent) for each in (taught, features.of_split("val")))
    row = {"epoch": 1, **train.figures(judged), **val.figures(judged, "val_")}
    if on_epoch:
        on_epoch(row)
    found = val.calibration(judged, parent) if spec.calibrate else NOT_WANTED
    inner = {
        **best_validation([row]),
        "num_new": int((~known).sum()),
        "num_replayed": int(replayed.sum()),
        "effect": val.effect(parent, judged, labels),
    }
    return Fitted(
        with_temperature(model, found.temperature),
        [row],
        inner,
        found,
        model.count_params(),
        without_val=None if judged is model else with_temperature(judged, found.temperature),
        choices=parent.choices,
    )


def _teacher(parent: Parent, labels: list[str], spec: TrainSpec) -> Teach:
    """Return what makes a taught copy of a model from it and from videos."""

    def teach(model: "keras.Model", videos: FeatureSet) -> "keras.Model":
        wanted = targets(videos.videos["label"], labels)
        if parent.choices is None:
            from sora.training.update_sequence import update_sequence

            return update_sequence(model, videos.features, wanted)
        several_labels = _several_labels(parent)
        return update_linear(parent.choices, videos, wanted, spec, several_labels=several_labels)

    return teach


def _rows(features: FeatureSet, chosen: np.ndarray) -> FeatureSet:
    return replace(features, videos=features.videos[chosen], features=features.features[chosen])


def _known_and_replayed(
    videos: pd.DataFrame, parent: Parent, reservoir_size: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Tell of each row whether the parent knows it, and whether it is in the reservoir: bool (N,) each."""
    each, learned = known_videos(videos), parent.known
    known = np.array([video in learned for video in each], bool)
    kept = set(reservoir((video for video in each if video in learned), reservoir_size, seed))
    return known, np.array([video in kept for video in each], bool)


@dataclass(frozen=True)
class _Measured:
    """Videos to be measured on, be they none: features (N, T, F), targets (N, C) and the group of each."""

    features: np.ndarray
    targets: np.ndarray
    groups: list[str]
    several_labels: bool

    @classmethod
    def of(cls, videos: FeatureSet, labels: list[str], parent: Parent) -> "_Measured":
        wanted = targets(videos.videos["label"], labels)
        return cls(videos.features, wanted, list(videos.videos["group"]), _several_labels(parent))

    def figures(self, model: "keras.Model", prefix: str = "") -> Row:
        found: list[float | None] = [None, None]
        if len(self.targets):
            answers = self._answers(model)
            found = [
                each(answers, self.targets, several_labels=self.several_labels)
                for each in (log_loss, accuracy)
            ]
        return dict(zip((f"{prefix}loss", f"{prefix}accuracy"), found, strict=True))

    def effect(self, parent: Parent, after: "keras.Model", labels: list[str]) -> dict[str, Any] | None:
        if not len(self.targets):
            return None
        answers = self._answers(parent.judged), self._answers(after)
        places = [labels.index(label) for label in parent.labels]
        return asdict(effect(*answers, self.targets, places, several_labels=self.several_labels))

    def calibration(self, model: "keras.Model", parent: Parent) -> Calibration:
        from sora.networks.temperature import logits_of, temperature_of

        if not len(self.targets):
            reason = "that of the parent: there are no validation videos"
            return Calibration(temperature_of(parent.model), reason)
        logits = logits_of(model, self.features)
        return calibration(
            logits,
            self.targets,
            self.groups,
            several_labels=self.several_labels,
            videos="validation videos",
        )

    def _answers(self, model: "keras.Model") -> np.ndarray:
        return model.predict(self.features, batch_size=_FIXED_BATCH_SIZE, verbose=0)[0]


def _several_labels(parent: Parent) -> bool:
    from sora.networks.heads import is_multi_label

    return is_multi_label(parent.model)


def _require(parent: Parent, features: FeatureSet, labels: list[str], spec: TrainSpec) -> None:
    """Raise a SoraError unless the parent can learn from these."""
    head = parent.model.name.removesuffix("_classifier")
    if head != spec.head:
        raise SoraError(f"the parent has the head {head}, and train.head is {spec.head}; set that, {INSTEAD}")
    found, wanted = features.features.shape[1:], parent.model.input_shape[1:]
    if found != wanted:
        raise SoraError(f"the parent takes features {wanted}, got {found}; extract as it was, {INSTEAD}")
    gone = sorted(set(parent.labels) - set(labels))
    if gone:
        raise SoraError(f"no video has the parent's label {gone[0]!r} any more; add some, {INSTEAD}")
    several = any(len(labels_in(label)) > 1 for label in features.videos["label"])
    if several and not _several_labels(parent):
        raise SoraError(f"some videos have several labels, and the parent knows one a video; {INSTEAD[3:]}")
