"""Whether metadata alone predicts the label: a shortcut that a model of pictures can learn too.

A frame rate, a size or a codec that goes with a class leaves traces in the pictures, and a model that has
learnt them is wrong on videos from elsewhere. How bright or how lively a video is belongs to its content and
is not asked. The bit rate is, although lively scenes raise it: a class that was compressed harder is a
shortcut too. The columns are named, so that a person can judge.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np
import pandas as pd

from sora.quality.findings import Finding

NO_CONFOUNDS = "no_confounds"
_NUMBERS = ["fps", "duration_seconds", "width", "height", "rotation", "has_audio", "is_variable_rate"]
_MAX_FOLDS = 5
_MAX_VIDEOS = 1000  # more do not change the answer
_NUM_PERMUTATIONS = 99
_MAX_P_VALUE = 0.01
_ENOUGH_LUCK = 5  # permutations that do as well: then it is luck, and counting ends
MIN_VIDEOS_IN_LEAF = 3
_TREE = {"max_depth": 5, "min_samples_leaf": MIN_VIDEOS_IN_LEAF}


@dataclass(frozen=True)
class Score:
    """Accuracy of a small model on unseen groups; ``p_value``: how often luck does as well."""

    accuracy: float
    p_value: float


@dataclass(frozen=True)
class Confounds:
    """What metadata predict.

    Attributes:
        together: the score of all columns.
        chance: the accuracy of always naming the most frequent label.
        columns: the score of each column on its own, the most telling first.
        num_videos: how many were used.
    """

    together: Score
    chance: float
    columns: dict[str, Score]
    num_videos: int

    def telling(self, max_gain: float) -> list[str]:
        """Return the columns that on their own beat chance by more than ``max_gain``, and not by luck."""
        return [name for name, score in self.columns.items() if self._tells(score, max_gain)]

    def findings(self, max_gain: float) -> list[Finding]:
        """Return a finding where all columns together do so."""
        if not self._tells(self.together, max_gain):
            return []
        columns = [f"{name} {_percent(self.columns[name].accuracy)}" for name in self.telling(max_gain)]
        reason = (
            f"metadata alone names the right label for {_percent(self.together.accuracy)} of the videos, "
            f"where chance is {_percent(self.chance)} ({', '.join(columns) or 'no column on its own'})"
        )
        return [Finding(NO_CONFOUNDS, reason)]

    def _tells(self, score: Score, max_gain: float) -> bool:
        return score.accuracy - self.chance > max_gain and score.p_value <= _MAX_P_VALUE


def metadata_table(manifest: pd.DataFrame) -> pd.DataFrame:
    """Return the metadata of each video as numbers; containers and codecs are numbered by name."""
    containers = [PurePosixPath(path).suffix.lower() for path in manifest["file"]]
    is_whole = (manifest["start_seconds"].isna() & manifest["end_seconds"].isna()).to_numpy()
    kilobits = manifest["size_bytes"].to_numpy() * is_whole / 125  # of a part only its file's size is known
    return pd.DataFrame(
        {
            **{name: manifest[name].to_numpy(np.float64) for name in _NUMBERS},
            "bitrate_kbps": kilobits / np.maximum(manifest["duration_seconds"].to_numpy(), 0.001),
            "container": pd.factorize(np.array(containers, str), sort=True)[0],
            "video_codec": pd.factorize(manifest["video_codec"].to_numpy(str), sort=True)[0],
        }
    )


def measure_confounds(
    metadata: pd.DataFrame, labels: Sequence[str], groups: Sequence[str], seed: int
) -> Confounds | None:
    """Return how well decision trees predict ``labels`` from ``metadata``, cross-validated by group.

    The p-value is that of a permutation test (Ojala and Garriga, "Permutation tests for studying classifier
    performance", 2010), ended early where it is luck (Besag and Clifford, "Sequential Monte Carlo p-values",
    1991). It deals out labels to whole groups, for videos of one group are no independent witnesses. Equal
    input gives an equal answer. None where there are fewer than two labels or two groups for each label.
    """
    label_codes, group_codes = (pd.factorize(np.asarray(names, str))[0] for names in (labels, groups))
    kept = np.sort(np.random.default_rng(seed).permutation(len(label_codes))[:_MAX_VIDEOS])
    columns = metadata.iloc[kept]
    columns = columns.loc[:, columns.nunique() > 1]
    trial = _trial(label_codes[kept], group_codes[kept], seed)
    if trial is None:
        return None
    scores = {str(name): trial.score(columns[[name]].to_numpy()) for name in columns}
    return Confounds(
        together=trial.score(columns.to_numpy()),
        chance=trial.chance,
        columns=dict(sorted(scores.items(), key=lambda item: -item[1].accuracy)),
        num_videos=len(kept),
    )


@dataclass(frozen=True)
class _Trial:
    labels: np.ndarray
    units: np.ndarray  # videos of one group and label: what a permutation moves together
    folds: list[tuple[np.ndarray, np.ndarray]]
    seed: int

    def score(self, columns: np.ndarray) -> Score:
        accuracy = self._accuracy(columns, self.labels) if columns.shape[1] else self.chance
        return Score(accuracy, self._p_value(columns, accuracy) if accuracy > self.chance else 1.0)

    @property
    def chance(self) -> float:
        return float(np.bincount(self.labels).max() / len(self.labels))

    def _p_value(self, columns: np.ndarray, accuracy: float) -> float:
        rng = np.random.default_rng(self.seed)
        num_lucky = 0
        for number in range(1, _NUM_PERMUTATIONS + 1):
            num_lucky += int(self._accuracy(columns, self._dealt_out(rng)) >= accuracy)
            if num_lucky == _ENOUGH_LUCK:
                return num_lucky / number
        return (num_lucky + 1) / (_NUM_PERMUTATIONS + 1)

    def _accuracy(self, columns: np.ndarray, labels: np.ndarray) -> float:
        from sklearn.tree import DecisionTreeClassifier

        num_right = 0
        for train, test in self.folds:
            tree = DecisionTreeClassifier(**_TREE, random_state=0).fit(columns[train], labels[train])
            num_right += int((tree.predict(columns[test]) == labels[test]).sum())
        return num_right / len(labels)

    def _dealt_out(self, rng: np.random.Generator) -> np.ndarray:
        _, first = np.unique(self.units, return_index=True)
        return rng.permutation(self.labels[first])[self.units]


def _trial(labels: np.ndarray, groups: np.ndarray, seed: int) -> _Trial | None:
    from sklearn.model_selection import StratifiedGroupKFold

    units = pd.factorize(pd.MultiIndex.from_arrays([labels, groups]))[0]
    num_groups = pd.Series(labels).groupby(units).first().value_counts()
    num_folds = min(_MAX_FOLDS, int(num_groups.min())) if len(num_groups) > 1 else 0
    if num_folds < 2:
        return None
    splitter = StratifiedGroupKFold(num_folds, shuffle=True, random_state=seed)
    return _Trial(labels, units, list(splitter.split(labels, labels, groups)), seed)


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
