"""A fit with everything random in it, for tests that stop it; as a program it prints its epochs."""

import sys
from pathlib import Path

import numpy as np
from toy_videos import classifier, plan, videos

from sora.training.checkpoints import Row
from sora.training.fit_classifier import fit_classifier
from sora.training.fit_loop import OnEpoch


def run(
    checkpoints: Path | None = None, on_epoch: OnEpoch | None = None
) -> tuple[list[Row], list[np.ndarray]]:
    """Return the rows and the weights of a search of 20 epochs and of the refit after it."""
    model = classifier("gru")
    settings = plan(epochs=20, patience=20, mixup=0.2, class_weights=True, refit=True)
    rows, *_ = fit_classifier(
        model, videos(25), videos(9, seed=1), settings, checkpoints=checkpoints, on_epoch=on_epoch
    )
    return rows, model.get_weights()


if __name__ == "__main__":
    run(Path(sys.argv[1]), lambda row: print(row["epoch"], flush=True))
