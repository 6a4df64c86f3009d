"""Classifiers of whole clips: an image network for each frame, and a head over time."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

import keras
import numpy as np
from keras import layers

from sora.networks.clip_layers import FoldTime, UnfoldTime

Read: TypeAlias = Callable[[int, int], np.ndarray]  # (index of a video, view) to an array

_BACKBONE, _HEAD = "backbone", "head"


def clip_classifier(
    network: keras.Model, head: keras.Model, num_frames: int, *, takes_pixels: bool
) -> keras.Model:
    """Join an image network and a head to a classifier of clips.

    Input: ``clips`` (N, num_frames, ...), where ... is the input of ``network`` for one image; with
    ``takes_pixels`` RGB in 0..255 of any dtype, which becomes (rgb - 127) / 128.
    Outputs: those of ``head``, ``probabilities`` float32 (N, C) and ``embedding`` float32 (N, E).

    The layers are those of ``network`` and ``head``, not copies.
    """
    clips = keras.Input((num_frames, *network.input.shape[1:]), name="clips")
    x = layers.Rescaling(1 / 128, -127 / 128, name="pixels")(clips) if takes_pixels else clips
    x = FoldTime(name="frames")(x)
    x = keras.Model(network.input, network.output, name=_BACKBONE)(x)
    x = UnfoldTime(num_frames, name="features")(x)
    return keras.Model(clips, keras.Model(head.inputs, head.outputs, name=_HEAD)(x), name="clip_classifier")


def split_for_export(model: keras.Model) -> tuple[keras.Model, keras.Model]:
    """Give the two networks of a bundle from a ``clip_classifier``, with its weights.

    Returns:
        ``backbone``, images (T, S, S, 3) to features (T, F), and ``head``, features (N, T, F) to
        probabilities and embedding. Where only the last part of a network was trained, the whole network,
        which shares its layers, is the backbone.
    """
    return model.get_layer(_BACKBONE), model.get_layer(_HEAD)


@dataclass(frozen=True)
class FrozenOutputs:
    """What the part of a network that is not trained gives for each clip, computed once for each view.

    Called with the index of a video and a view, it gives float32 (T, ...), the output for each frame.

    Attributes:
        network: takes (rgb - 127) / 128.
        clips: gives RGB (T, S, S, 3) in 0..255.
        cache_bytes: outputs are kept in memory up to this many bytes; the others are computed every time.
    """

    network: keras.Model
    clips: Read
    cache_bytes: int = 2**31
    _cached: dict[tuple[int, int], np.ndarray] = field(default_factory=dict, repr=False)

    def __call__(self, index: int, view: int) -> np.ndarray:
        """Return the outputs for one view of a clip."""
        outputs = self._cached.get((index, view))
        if outputs is None:
            images = (self.clips(index, view).astype(np.float32) - 127) / 128
            outputs = np.asarray(self.network.predict_on_batch(images))
            if outputs.nbytes * (len(self._cached) + 1) <= self.cache_bytes:
                self._cached[index, view] = outputs
        return outputs


def freeze_normalisations(network: keras.Model) -> None:
    """Keep batch normalisations in inference mode, so that a few clips do not spoil averages of many images.

    See https://keras.io/guides/transfer_learning and Kornblith et al., 2019 (https://arxiv.org/abs/1805.08974).
    """
    for layer in network.layers:
        if isinstance(layer, layers.BatchNormalization):
            layer.trainable = False


def mean_head(
    *,
    num_frames: int,
    num_features: int,
    num_classes: int,
    embedding_size: int,
    dropout: float,
    multi_label: bool = False,
) -> keras.Model:
    """Build the head that averages over time and stays linear up to the softmax.

    Input: ``features`` float32 (N, T, F). Outputs: ``probabilities`` float32 (N, C), in 0..1, with sum 1
    unless ``multi_label``, and ``embedding`` float32 (N, E), of length 1.
    """
    features = keras.Input((num_frames, num_features), name="features")
    x = layers.GlobalAveragePooling1D(name="mean")(features)
    x = layers.BatchNormalization(momentum=0.9, name="mean_normalisation")(x)
    x = layers.Dropout(dropout, name="mean_dropout")(x)
    x = layers.Dense(embedding_size, use_bias=False, name="embedding_vector")(x)
    x = layers.BatchNormalization(momentum=0.9, name="embedding_normalisation")(x)
    embedding = layers.UnitNormalization(name="embedding")(x)
    logits = layers.Dense(num_classes, name="logits")(x)
    activation = "sigmoid" if multi_label else "softmax"
    probabilities = layers.Activation(activation, name="probabilities")(logits)
    return keras.Model(features, [probabilities, embedding], name="mean_head")
