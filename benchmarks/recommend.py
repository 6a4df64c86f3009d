"""How good recommendation is for simulated users, beside popularity and chance.

    python benchmarks/recommend.py PROJECT [--split NAME] [--users N] [--seed N] [--json FILE]

PROJECT is a folder in which extract has run; the landed head is fitted to the training videos of the split,
and all videos are embedded. Each user likes two labels and watches 25 different videos, one a day: of every
five, four of those labels and one of any. Within that, a video's chance is Zipf's: 1 / its rank in an order
drawn once. The last five are held out. Recommenders see the vectors that an index holds, the videos' numbers
and the first twenty; labels serve to simulate alone.

Recall and NDCG are of ten recommendations, with 95 % intervals over users. Ends with 1 where the limit does
not hold.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from rich.console import Console
from rich.table import Table
from search import embedded

from sora.apps.index.vectors import search_vectors, unit_rows
from sora.apps.recommend.history import Watch
from sora.apps.recommend.measures import ndcg_at, recall_at
from sora.apps.recommend.plan import Plan
from sora.apps.recommend.recommender import Recommender
from sora.evaluation.intervals import mean_interval

NUM_WATCHED, NUM_HELD_OUT, TOP = 25, 5, 10
NUM_LIKED, NOISE, ZIPF_POWER = 2, 0.2, 1.0
DAY_SECONDS = 86400.0
MIN_RATIO = 1.5
OURS, POPULAR = "Sora", "popularity"

Recommend = Callable[[str], Sequence[str]]


class Users(NamedTuple):
    """Simulated users: what each watched first to last, and what was held out."""

    history: list[Watch]
    held_out: dict[str, list[str]]


def main() -> int:
    """Simulate, recommend, print and write; return 1 where the limit does not hold."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("project", type=Path, help="folder in which extract has run")
    parser.add_argument("--split", default="split1", help="column of its labels.csv")
    parser.add_argument("--users", type=int, default=500, help="how many to simulate")
    parser.add_argument("--seed", type=int, default=0, help="of the simulation")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    options = parser.parse_args()
    ((_, found),) = embedded(options.project, [options.split])
    users = simulated(found.labels, options.users, options.seed)
    embeddings = unit_rows(found.embeddings)
    both = search_vectors(found.embeddings, found.probabilities)
    rows = [measured(name, way, users, embeddings) for name, way in ways(users, embeddings, both).items()]
    show(rows)
    if options.json:
        options.json.write_text(json.dumps({"rows": rows}, indent=2) + "\n", encoding="utf-8")
    holds = limit(rows)
    print(f"{'holds' if holds else 'MISSED'}: recall {MIN_RATIO} times that of popularity, intervals apart")
    return int(not holds)


def simulated(labels: np.ndarray, num_users: int, seed: int) -> Users:
    """Draw users, and what they watch of videos with these labels; videos go by their number as text."""
    rng = np.random.default_rng(seed)
    ranks = rng.permutation(len(labels)) + 1
    chances = ranks**-ZIPF_POWER
    history, held_out = [], {}
    for number in range(num_users):
        user = f"user {number}"
        liked = rng.choice(np.unique(labels), NUM_LIKED, replace=False)
        watched = [str(place) for place in watched_by(np.isin(labels, liked), chances, rng)]
        history += [
            Watch(user, video, day * DAY_SECONDS) for day, video in enumerate(watched[:-NUM_HELD_OUT])
        ]
        held_out[user] = watched[-NUM_HELD_OUT:]
    return Users(history, held_out)


def watched_by(is_liked: np.ndarray, chances: np.ndarray, rng: np.random.Generator) -> list[int]:
    """Draw different videos one by one."""
    left, watched = chances.copy(), []
    for _ in range(NUM_WATCHED):
        open_to = left if rng.random() < NOISE else left * is_liked
        watched.append(int(rng.choice(len(left), p=open_to / open_to.sum())))
        left[watched[-1]] = 0
    return watched


def ways(users: Users, embeddings: np.ndarray, both: np.ndarray) -> dict[str, Recommend]:
    """Return what is compared: each takes a user and gives videos, best first."""
    names = [str(place) for place in range(len(embeddings))]

    def ours(plan: Plan, vectors: np.ndarray = both) -> Recommend:
        recommender = Recommender(names, vectors, users.history, plan)
        return lambda user: [one.video for one in recommender.recommend(user, TOP).results]

    return {
        OURS: ours(Plan()),
        "Sora, embedding alone": ours(Plan(), embeddings),
        "Sora, no diversity": ours(Plan(diversity=0)),
        "Sora, diversity 0.3": ours(Plan(diversity=0.3)),
        "Sora, no popularity": ours(Plan(popularity=0)),
        POPULAR: popular(users, names),
        "chance": by_chance(users, names),
    }


def popular(users: Users, names: list[str]) -> Recommend:
    """Recommend what was watched most, without what the user has watched."""
    counts = Counter(watch.video for watch in users.history)
    order = sorted(names, key=lambda name: -counts[name])
    seen = watched_before(users)
    return lambda user: [name for name in order if name not in seen[user]][:TOP]


def by_chance(users: Users, names: list[str]) -> Recommend:
    """Recommend anything that the user has not watched."""
    rng, seen = np.random.default_rng(0), watched_before(users)
    return lambda user: [name for name in rng.permutation(names).tolist() if name not in seen[user]][:TOP]


def watched_before(users: Users) -> dict[str, set[str]]:
    """Return what each user watched before the held-out videos."""
    seen: dict[str, set[str]] = {user: set() for user in users.held_out}
    for watch in users.history:
        seen[watch.user].add(watch.video)
    return seen


def measured(name: str, recommend: Recommend, users: Users, embeddings: np.ndarray) -> dict[str, Any]:
    """Return recall, NDCG and the mean distance of recommended videos from each other."""
    answers = {user: recommend(user) for user in users.held_out}
    row: dict[str, Any] = {"name": name}
    for measure, of in (("recall", recall_at), ("ndcg", ndcg_at)):
        values = np.array([of(answers[user], wanted, TOP) for user, wanted in users.held_out.items()])
        interval = mean_interval(values, list(answers))
        row |= {
            measure: float(values.mean()),
            f"{measure}_low": interval.low,
            f"{measure}_high": interval.high,
        }
    return row | {
        "spread": float(np.mean([spread(embeddings[[*map(int, each)]]) for each in answers.values()]))
    }


def spread(vectors: np.ndarray) -> float:
    """Return the mean of 1 - cosine over pairs of vectors (K, V) of length 1."""
    pairs = np.triu_indices(len(vectors), 1)
    return float(1 - (vectors @ vectors.T)[pairs].mean())


def limit(rows: list[dict[str, Any]]) -> bool:
    """Whether what is wanted holds."""
    found = {row["name"]: row for row in rows}
    ours, other = found[OURS], found[POPULAR]
    return ours["recall"] >= MIN_RATIO * other["recall"] and ours["recall_low"] > other["recall_high"]


def show(rows: list[dict[str, Any]]) -> None:
    """Print the table."""
    table = Table("", "recall at 10", "NDCG at 10", "spread", title="recommendation")
    for row in rows:
        cells = [f"{row[m]:.3f} ({row[f'{m}_low']:.3f}-{row[f'{m}_high']:.3f})" for m in ("recall", "ndcg")]
        table.add_row(row["name"], *cells, f"{row['spread']:.3f}")
    Console(width=110).print(table)


if __name__ == "__main__":
    sys.exit(main())
