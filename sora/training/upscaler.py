"""Fitting the network that enlarges pictures."""

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

import keras
import numpy as np
from keras import callbacks, optimizers

from sora.networks.determinism import make_deterministic
from sora.networks.subpixel import subpixel_network


class Examples(NamedTuple):
    """N patches as ``subpixel_network`` takes them, and what it is to give for them."""

    luma: np.ndarray
    missing: np.ndarray


OnEpoch: TypeAlias = Callable[[int, float], None]  # the number from 1, and the gain in decibels on ``val``


def fit_upscaler(
    train: Examples,
    val: Examples,
    *,
    filters: tuple[int, int],
    epochs: int,
    patience: int,
    batch_size: int,
    learning_rate: float,
    seed: int,
    on_epoch: OnEpoch,
) -> keras.Model:
    """Return the network as it was after the epoch with the least squared error on ``val``.

    The learning rate falls to 0 by a cosine over all epochs; ``patience`` epochs without a better one end
    the fit. The same arguments give the same weights.
    """
    make_deterministic(seed)
    network = subpixel_network(filters)
    num_steps = epochs * -(-len(train.luma) // batch_size)
    rate = optimizers.schedules.CosineDecay(learning_rate, num_steps)
    network.compile(optimizers.Adam(rate), loss="mse", jit_compile=False)
    without = float(np.mean(val.missing**2))

    def tell(epoch: int, logs: dict[str, float]) -> None:
        on_epoch(epoch + 1, float(10 * np.log10(without / logs["val_loss"])))

    stop = callbacks.EarlyStopping("val_loss", patience=patience, restore_best_weights=True)
    network.fit(
        *train,
        batch_size=batch_size,
        epochs=epochs,
        validation_data=tuple(val),
        callbacks=[stop, callbacks.LambdaCallback(on_epoch_end=tell)],
        verbose=0,
    )
    return network
