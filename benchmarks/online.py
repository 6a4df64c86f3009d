"""How close an online update comes to a full training when new labels arrive, and what it forgets.

    python benchmarks/online.py PROJECT... [--head HEAD...] [--seeds N] [--cache FOLDER] [--json FILE]

Each PROJECT is a folder in which the stages ingest to extract ran, such as one for each official split. Two
labels at a time, other ones with each seed, are held back; a parent is trained on the rest. Then they
arrive: the parent is updated (``train.update`` of params.yaml), and a model is trained from nothing on all,
both with the landed parameters. All are tested on the test videos, which chose nothing:

- ``gap``: accuracy on all test videos, old labels and new, of the full training minus that of the update;
- ``forgotten``: accuracy on test videos of old labels, of the parent, which need not tell them from new ones,
  minus that of the update, which must; ``by full`` is the same for the full training;
- ``among old``: the same where the update, too, may answer old labels only: what it has forgotten of them,
  without what new labels take.

Gradient steps are counted of all that a training does. Of a head over time they are those of the optimizer:
of the search with validation and of the refit after it; an update finds its weights in closed form and takes
none. Of the head ``linear`` they are the iterations of the solvers: of all folds, classifiers and strengths
that the search tries, and of the fits after it; for an update, of its fits, with val and without.

Trained models are kept in the cache folder, if one is named. Ends with 1 where a limit does not hold.
"""

import argparse
import json
import math
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from projects import ROOT
from rich.console import Console
from rich.table import Table

from sora.features import FeatureSet, load_features
from sora.params import convert, read_section
from sora.quiet import import_tensorflow
from sora.training.fitted import Fitted
from sora.training.linear_fit import LinearChoices
from sora.training.on_features import fit
from sora.training.parent import LEARNED_COLUMNS, Parent
from sora.training.spec import TrainSpec
from sora.training.update import update

HEADS = ("linear", "bilstm")
SEQUENCE = {"projection_size": 128}  # as in benchmarks/accuracy.py
NUM_HELD_BACK = 2
MAX_GAP, MAX_STEPS_RATIO, MAX_FORGOTTEN = 0.03, 0.10, 0.02
ACCURACIES = ("full", "update", "gap", "new", "old_before", "forgotten", "by_full", "among_old")
COSTS = ("full_steps", "update_steps", "full_seconds", "update_seconds")


@dataclass(frozen=True)
class Trained:
    """A trained model as a parent, and what its training took."""

    parent: Parent
    num_steps: int
    seconds: float


@dataclass(frozen=True)
class Setting:
    """A project's features and what is trained on them, with one seed."""

    name: str
    learn: FeatureSet
    test: FeatureSet
    spec: TrainSpec
    seed: int

    @property
    def labels(self) -> list[str]:
        """All labels, in order."""
        return sorted(set(self.learn.videos["label"]))

    @property
    def old_labels(self) -> list[str]:
        """Those that the parent learns."""
        first = NUM_HELD_BACK * self.seed % len(self.labels)
        held_back = self.labels[first : first + NUM_HELD_BACK]
        return [label for label in self.labels if label not in held_back]


def main() -> int:
    """Train, update, test and print; return 1 where a limit does not hold."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("projects", type=Path, nargs="+", help="folders with stored features")
    parser.add_argument("--head", nargs="+", default=HEADS, help="what is trained")
    parser.add_argument("--seeds", type=int, default=3, help="how often on each project")
    parser.add_argument("--cache", type=Path, help="folder for the trained models")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    options = parser.parse_args()
    one_thread()
    projects, target = [p.resolve() for p in options.projects], options.json and options.json.resolve()
    with tempfile.TemporaryDirectory() as temporary:
        cache = (options.cache or Path(temporary)).resolve()
        runs = [run(each, cache) for each in settings(projects, options.head, options.seeds)]
    figures = [summary(head, [each for each in runs if each["head"] == head]) for head in options.head]
    if target:
        target.write_text(json.dumps({"figures": figures, "runs": runs}, indent=1) + "\n")
    show(figures)
    return 0 if all(holds for _, holds in limits(figures)) else 1


def one_thread() -> None:
    """Let TensorFlow compute on one thread, on which sums have one order."""
    import_tensorflow()
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)


def settings(projects: list[Path], heads: list[str], num_seeds: int) -> Iterator[Setting]:
    """Yield each project with each head and each seed."""
    for project in projects:
        os.chdir(project)
        learn, test = load_features(("train", "val")), load_features(("test",))
        for head in heads:
            landed = read_section("train", TrainSpec, ROOT / "params.yaml")
            spec = replace(landed, head=head, **(SEQUENCE if head != "linear" else {}))
            for seed in range(num_seeds):
                yield Setting(project.name, learn, test, spec, seed)


def run(setting: Setting, cache: Path) -> dict[str, Any]:
    """Train a parent and a full model, update the parent, and test the three."""
    known = of_labels(setting.learn, setting.old_labels)
    parent = trained("parent", setting, known, cache)
    full = trained("full", setting, setting.learn, cache)
    fitted, num_steps, seconds = measured(
        lambda: update(parent.parent, setting.learn, setting.labels, setting.spec, setting.seed), setting
    )
    figures = {
        "project": setting.name,
        "head": setting.spec.head,
        "seed": setting.seed,
        "full_steps": full.num_steps,
        "update_steps": num_steps,
        "full_seconds": full.seconds,
        "update_seconds": seconds,
        **tested(setting, parent.parent, full.parent, fitted.model),
    }
    print(figures, file=sys.stderr, flush=True)
    return figures


def trained(kind: str, setting: Setting, features: FeatureSet, cache: Path) -> Trained:
    """Train a model from nothing, or read it from the cache."""
    from sora.networks.model_files import load_model, save_model

    folder = cache / setting.spec.head / f"{kind}-{setting.name}-{setting.seed}"
    labels = sorted(set(features.videos["label"]))
    if not (folder / "training.json").exists():
        work = lambda: fit(features, labels, setting.spec, setting.seed)  # noqa: E731
        fitted, num_steps, seconds = measured(work, replace(setting, learn=features))
        save_model(fitted.model, folder / "model")
        save_model(fitted.without_val or fitted.model, folder / "without_val")
        choices = fitted.choices and asdict(fitted.choices)
        described = {"num_steps": num_steps, "seconds": seconds, "choices": choices}
        (folder / "training.json").write_text(json.dumps(described) + "\n")
    described = json.loads((folder / "training.json").read_text())
    chosen = described["choices"]
    parent = Parent(
        load_model(folder / "model"),
        load_model(folder / "without_val"),
        labels,
        features.videos[LEARNED_COLUMNS],
        chosen and convert(LinearChoices, chosen, str(folder)),
    )
    return Trained(parent, described["num_steps"], described["seconds"])


def measured(work: Callable[[], Fitted], setting: Setting) -> tuple[Fitted, int, float]:
    """Return what comes of a training, its gradient steps and its seconds."""
    start = time.monotonic()
    with counting_iterations() as iterations:
        fitted = work()
    seconds = time.monotonic() - start
    if setting.spec.head == "linear":
        return fitted, sum(iterations), seconds
    return fitted, optimizer_steps(fitted, setting), seconds


@contextmanager
def counting_iterations() -> Iterator[list[int]]:
    """Yield a list that gets the number of iterations of each solver that scikit-learn runs."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.svm import LinearSVC

    counts: list[int] = []
    kinds: list[Any] = [LogisticRegression, LinearSVC]
    fits = [kind.fit for kind in kinds]

    def counted(fit_one: Callable[..., Any]) -> Callable[..., Any]:
        def fitted(model: Any, *arguments: Any) -> Any:
            fit_one(model, *arguments)
            counts.append(int(np.max(model.n_iter_)))
            return model

        return fitted

    for kind, own in zip(kinds, fits, strict=True):
        kind.fit = counted(own)
    try:
        yield counts
    finally:
        for kind, own in zip(kinds, fits, strict=True):
            kind.fit = own


def optimizer_steps(fitted: Fitted, setting: Setting) -> int:
    """Count them from the history: rows of a search have a validation, those of the refit after it none.

    An update takes none.
    """
    if "effect" in fitted.inner:
        return 0
    num_all, num_train = len(setting.learn.videos), len(setting.learn.of_split("train").videos)
    sizes = [num_all if row["val_loss"] is None else num_train for row in fitted.history]
    size = setting.spec.batch_size
    # A last batch of one video is left out.
    return sum(math.ceil((num - (num % size == 1)) / size) for num in sizes)


def tested(setting: Setting, parent: Parent, full: Parent, updated: Any) -> dict[str, float]:
    """Return accuracies on the test videos."""
    labels, features = setting.labels, setting.test.features
    true = setting.test.videos["label"].to_numpy()
    is_old = np.isin(true, parent.labels)
    places = [labels.index(label) for label in parent.labels]
    said_full, said_updated = (probabilities(model, features) for model in (full.model, updated))
    old_names, names = np.array(parent.labels), np.array(labels)
    before = (old_names[probabilities(parent.model, features).argmax(axis=1)] == true)[is_old].mean()
    among_old = (old_names[said_updated[:, places].argmax(axis=1)] == true)[is_old].mean()
    by_full, by_update = (names[said.argmax(axis=1)] == true for said in (said_full, said_updated))
    found = {
        "full": by_full.mean(),
        "update": by_update.mean(),
        "gap": by_full.mean() - by_update.mean(),
        "new": by_update[~is_old].mean(),
        "old_before": before,
        "forgotten": before - by_update[is_old].mean(),
        "by_full": before - by_full[is_old].mean(),
        "among_old": before - among_old,
    }
    return {name: float(value) for name, value in found.items()}


def probabilities(model: Any, features: np.ndarray) -> np.ndarray:
    """Return what a model says, (N, C)."""
    return model.predict(features, batch_size=16, verbose=0)[0]


def of_labels(features: FeatureSet, labels: list[str]) -> FeatureSet:
    """Return the videos of some labels."""
    rows = features.videos["label"].isin(labels).to_numpy()
    return replace(features, videos=features.videos[rows], features=features.features[rows])


def summary(head: str, runs: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the mean of each figure over all runs, and its spread over seeds of the mean over projects."""
    seeds = sorted({each["seed"] for each in runs})
    found = {}
    for name in (*ACCURACIES, *COSTS):
        means = [float(np.mean([each[name] for each in runs if each["seed"] == seed])) for seed in seeds]
        found[name] = {"mean": float(np.mean(means)), "spread": float(np.std(means))}
    ratio = found["update_steps"]["mean"] / found["full_steps"]["mean"]
    return {"head": head, "num_runs": len(runs), "steps_ratio": ratio, **found}


def limits(figures: list[dict[str, Any]]) -> Iterator[tuple[str, bool]]:
    """Yield what must hold of every head, and whether it does."""
    for row in figures:
        head = row["head"]
        yield f"{head}: within {MAX_GAP:.0%} of full training", row["gap"]["mean"] <= MAX_GAP
        yield f"{head}: at most {MAX_STEPS_RATIO:.0%} of its steps", row["steps_ratio"] <= MAX_STEPS_RATIO
        for name in ("forgotten", "among_old"):
            kept = row[name]["mean"] < MAX_FORGOTTEN
            yield f"{head}: {name.replace('_', ' ')} less than {MAX_FORGOTTEN:.0%}", kept


def show(figures: list[dict[str, Any]]) -> None:
    """Print the table and the limits."""
    table = Table("head", *(n.replace("_", " ") for n in (*ACCURACIES, *COSTS)), title="online updates")
    for row in figures:
        cells = [f"{row[name]['mean']:.3f} ± {row[name]['spread']:.3f}" for name in ACCURACIES]
        cells += [f"{row[name]['mean']:.0f}" for name in COSTS]
        table.add_row(row["head"], *cells)
    Console(width=190).print(table)
    for text, holds in limits(figures):
        print(f"{'holds' if holds else 'MISSED'}: {text}")


if __name__ == "__main__":
    sys.exit(main())
