"""The comparison of a window of videos with the reference: many tests, one verdict."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import numpy as np

from sora.drift.facts import FactValue, chi_square, kolmogorov_smirnov, total_variation
from sora.drift.kernel import rbf_kernel, squared_discrepancy
from sora.drift.permutations import assignments, holm, in_parts, p_value
from sora.drift.sample import Sample, drawn, one_of_each_group
from sora.drift.units import Units, units
from sora.errors import SoraError

ALPHA = 0.05
MIN_UNITS = 5  # of each side: ten are dealt out in 252 ways, so that 3 / 252 can be reached, below alpha
Part: TypeAlias = Literal["inputs", "embeddings", "predictions"]
PARTS: tuple[Part, ...] = ("inputs", "embeddings", "predictions")


@dataclass(frozen=True)
class Difference:
    """One property of videos, and how it differs between the reference and the window.

    Attributes:
        part: of what.
        name: of a fact; ``embedding``, ``label`` or ``confidence``.
        effect: from 0 (alike) to 1 (nothing in common): the distance of Kolmogorov and Smirnov, the total
            variation of categories, or the discrepancy of embeddings over the largest there can be.
        p_value: of the permutation test on its own.
        corrected_p_value: below alpha for no property at all in 1 - alpha of all windows without drift.
    """

    part: Part
    name: str
    effect: float
    p_value: float
    corrected_p_value: float


@dataclass(frozen=True, eq=False)
class Drift:
    """How a window differs from the reference.

    Attributes:
        reference: the videos that were compared.
        window: likewise.
        units: that chance dealt out.
        differences: inputs, embeddings, predictions; within each the most significant first.
        left_out: facts that some videos lack, in order of names.
        alpha: the level of the verdict.
    """

    reference: Sample
    window: Sample
    units: Units
    differences: tuple[Difference, ...]
    left_out: tuple[str, ...]
    alpha: float

    @property
    def p_value(self) -> float:
        """Of the verdict: at most alpha for a share alpha of windows without drift."""
        return min(each.corrected_p_value for each in self.differences)

    @property
    def has_drifted(self) -> bool:
        """Whether any property differs by more than chance explains."""
        return self.p_value <= self.alpha

    @property
    def moved(self) -> tuple[Difference, ...]:
        """What differs by more than chance explains, the largest effect first."""
        found = [each for each in self.differences if each.corrected_p_value <= self.alpha]
        return tuple(sorted(found, key=lambda each: -each.effect))


def compare(reference: Sample, window: Sample, *, seed: int, alpha: float = ALPHA) -> Drift:
    """Return how ``window`` differs from ``reference``.

    Where the groups of the window are known, chance deals out whole groups of both. Where they are not, one
    video of each group of the reference is compared: each video then is a source of its own, as those of the
    window are taken to be.

    Each part of the family (inputs, embeddings, predictions) has a third of alpha; within a part Holm's
    procedure corrects for its tests. Equal input gives an equal answer.

    Raises:
        SoraError: they are of two models, or one side has too few videos.
    """
    _require_one_model(reference, window)
    reference, window = _comparable(reference, window, seed)
    dealt_out = units(reference.groups, window.groups)
    _require_enough(dealt_out, reference, window)
    dealt = assignments(dealt_out.count, dealt_out.num_window, seed)
    facts, left_out = _common_facts(reference, window)
    tests = {
        "inputs": [_of_fact(name, values, dealt_out, dealt) for name, values in facts.items()],
        "embeddings": [_of_embeddings(reference, window, dealt_out, dealt)],
        "predictions": [
            _of_fact("label", np.append(reference.labels, window.labels), dealt_out, dealt),
            _of_fact("confidence", np.append(reference.confidences, window.confidences), dealt_out, dealt),
        ],
    }
    differences = [each for part in PARTS for each in _corrected(part, tests[part])]
    return Drift(reference, window, dealt_out, tuple(differences), left_out, alpha)


@dataclass(frozen=True)
class _Test:
    name: str
    effect: float
    p_value: float


def _comparable(reference: Sample, window: Sample, seed: int) -> tuple[Sample, Sample]:
    """Return both sides with as many videos as memory is meant for, and with units of one kind."""
    window = window.at(drawn(window.groups, seed))
    if not window.has_groups and reference.has_groups:
        reference = reference.at(one_of_each_group(reference.groups, seed)).without_groups()
        reference = replace(reference, title=f"{reference.title} (one of each group: {len(reference)})")
    return reference.at(drawn(reference.groups, seed)), window


def _of_embeddings(reference: Sample, window: Sample, dealt_out: Units, dealt: np.ndarray) -> _Test:
    kernel = rbf_kernel(np.concatenate([reference.embeddings, window.embeddings]))
    of_units = dealt_out.means(dealt_out.means(kernel).T)
    statistics = in_parts(squared_discrepancy(of_units), dealt)
    effect = np.sqrt(np.clip(statistics[0] / 2, 0, 1))  # the square is at most 2 for a kernel of at most 1
    return _Test("embedding", float(effect), p_value(statistics))


def _of_fact(name: str, values: np.ndarray, dealt_out: Units, dealt: np.ndarray) -> _Test:
    if np.issubdtype(values.dtype, np.number):
        statistics = in_parts(kolmogorov_smirnov(values, dealt_out), dealt)
        return _Test(name, float(statistics[0]), p_value(statistics))
    statistics = in_parts(chi_square(values, dealt_out), dealt)
    return _Test(name, total_variation(values, dealt_out), p_value(statistics))


def _common_facts(reference: Sample, window: Sample) -> tuple[dict[str, np.ndarray], tuple[str, ...]]:
    """Return the facts that every video has and that are not all equal, (N,), and names of the incomplete.

    What is left out depends on all videos together, and not on which side they are: so tests stay exact.
    """
    rows = [*reference.facts, *window.facts]
    names = dict.fromkeys(name for row in rows for name in row)
    columns = {name: [row[name] for row in rows if name in row] for name in names}
    whole = {name: values for name, values in columns.items() if len(values) == len(rows)}
    kept = {name: _array(values) for name, values in whole.items() if len(set(values)) > 1}
    return kept, tuple(sorted(names.keys() - whole.keys()))


def _array(values: Sequence[FactValue]) -> np.ndarray:
    is_number = all(isinstance(value, float) for value in values)
    return np.array(values, np.float64) if is_number else np.array([str(value) for value in values])


def _corrected(part: Part, tests: Sequence[_Test]) -> Iterable[Difference]:
    corrected = [min(1.0, len(PARTS) * value) for value in holm([test.p_value for test in tests])]
    found = [
        Difference(part, test.name, test.effect, test.p_value, value)
        for test, value in zip(tests, corrected, strict=True)
    ]
    return sorted(found, key=lambda each: (each.p_value, -each.effect))


def _require_one_model(reference: Sample, window: Sample) -> None:
    ends = (reference, window)
    versions, sizes = {end.model_version for end in ends}, {end.embeddings.shape[1] for end in ends}
    if len(versions) > 1 or len(sizes) > 1:
        raise SoraError(
            f"{window.title} are embedded by model {window.model_version}, {reference.title} by "
            f"{reference.model_version}: embeddings of two models cannot be compared; embed both by one"
        )


def _require_enough(dealt_out: Units, reference: Sample, window: Sample) -> None:
    counts = {reference.title: dealt_out.count - dealt_out.num_window, window.title: dealt_out.num_window}
    what = "different groups" if window.has_groups else "videos (one of each group)"
    for title, count in counts.items():
        if count < MIN_UNITS:
            raise SoraError(f"{title}: {count} came, at least {MIN_UNITS} {what} are needed for a test")
