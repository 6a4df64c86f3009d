"""The small trainable network: from features of frames to class probabilities and an embedding."""

from collections.abc import Sequence

import keras
import numpy as np
from keras import layers, regularizers

from sora.errors import SoraError
from sora.networks.layers import Standardise, TimeStatistics
from sora.networks.scaling import Projection, block_gains
from sora.networks.summaries import MOMENTUM, POOLS, SEQUENCES, Size

HEADS = (*POOLS, *SEQUENCES)


def build_classifier(
    *,
    head: str,
    num_segments: int,
    num_features: int,
    blocks: Sequence[tuple[int, int]],
    mean: np.ndarray,
    std: np.ndarray,
    num_labels: int,
    multi_label: bool = False,
    per_frame: bool = False,
    embedding_size: int,
    units: int,
    num_layers: int = 1,
    statistics: bool = True,
    projection: Projection | None = None,
    dropout: float,
    l2: float,
) -> keras.Model:
    """Build the classifier of videos.

    Input: ``features`` float32 (N, T, F), as stored, not scaled.
    Outputs: ``probabilities`` float32 (N, C), in 0..1, with sum 1 unless ``multi_label``; ``embedding``
    float32 (N, E), of length 1; and with ``per_frame`` ``frame_probabilities`` float32 (N, T, C).

    The weights start from Keras' global seed: call ``make_deterministic`` first.

    Args:
        head: how time is summed up. ``mean``, ``max`` and ``mean_std`` (mean and standard deviation) know no
            order and need no ``units``; ``rnn``, ``lstm``, ``bilstm``, ``gru``, ``attention``,
            ``transformer`` and ``tcn`` look at a sequence of ``units`` numbers for each moment.
        blocks: (start, stop) of groups of columns that weigh the same; other columns are left out.
        mean, std: float32 (F,), of the training videos, from ``sora.networks.scaling.standardisation``.
        multi_label: whether a video may have several labels: sigmoid in place of softmax.
        per_frame: whether each moment gets probabilities of its own; needs a head with a sequence.
        num_layers: of recurrent layers, encoder blocks or convolution blocks.
        statistics: whether a head with a sequence gets mean and standard deviation over time beside its own
            summary: with few videos they carry most of what can be learned.
        projection: reduces the D standardised columns, from ``sora.networks.scaling.whitening``.
        dropout: share of numbers left out while training, in 0..1.
        l2: penalty on the weights of the last two layers.

    Raises:
        SoraError: there is no such head, it has no sequence, or a block lies outside the columns.
    """
    _require(head, blocks, num_features, per_frame)
    inputs = keras.Input((num_segments, num_features), name="features")
    x, gains = _prepared(inputs, blocks, mean, std, projection)
    vectors, sequence = _summed_up(head, x, Size(units, num_layers, dropout), statistics)
    summary = layers.Concatenate(name="summary")(vectors) if len(vectors) > 1 else vectors[0]
    outputs = _video_outputs(
        summary,
        num_labels=num_labels,
        multi_label=multi_label,
        embedding_size=embedding_size,
        dropout=dropout,
        l2=l2,
    )
    if per_frame:
        outputs["frame_probabilities"] = _frame_output(sequence, num_labels, l2, multi_label)
    model = keras.Model(inputs, list(outputs.values()), name=f"{head}_classifier")
    if head in POOLS or statistics:
        _weigh_columns(model.get_layer("summary_normalisation"), gains, vectors[0].shape[-1])
    return model


def split_at_training(model: keras.Model) -> tuple[keras.Model, keras.Model]:
    """Cut a classifier where its trainable layers begin; both parts share their layers with ``model``.

    The first has the input of ``model``; its outputs are the inputs of the second, which gives what is
    trained: the probabilities of videos, and of frames where there are such.
    """
    names = {layer.name for layer in model.layers}
    fixed = [name for name in ("statistics", "scaled") if name in names]
    if model.name.removesuffix("_classifier") in POOLS:
        fixed = ["statistics"]
    cut = [model.get_layer(name).output for name in fixed]
    trained = [
        output
        for output, name in zip(model.outputs, model.output_names, strict=True)
        if name.endswith("probabilities")
    ]
    return keras.Model(model.input, cut), keras.Model(cut, trained, name=model.name)


def is_multi_label(model: keras.Model) -> bool:
    """Whether the probabilities of a classifier of any kind are independent of each other."""
    last = model.get_layer("probabilities")
    return getattr(last, "activation", None) is keras.activations.sigmoid


def _require(head: str, blocks: Sequence[tuple[int, int]], num_features: int, per_frame: bool) -> None:
    if head not in HEADS:
        raise SoraError(f"head: expected one of {', '.join(HEADS)}, got {head!r}")
    if per_frame and head not in SEQUENCES:
        raise SoraError(
            f"per_frame: expected a head of {', '.join(SEQUENCES)}; {head} knows no single moment"
        )
    if not blocks or any(not 0 <= start < stop <= num_features for start, stop in blocks):
        raise SoraError(f"blocks: expected ranges within 0 to {num_features}, got {list(blocks)}")


def _prepared(
    inputs: keras.KerasTensor,
    blocks: Sequence[tuple[int, int]],
    mean: np.ndarray,
    std: np.ndarray,
    projection: Projection | None,
) -> tuple[keras.KerasTensor, np.ndarray]:
    """Select, standardise and reduce; give the result, ``scaled``, and the gain of each of its columns."""
    kept = np.concatenate([np.arange(start, stop) for start, stop in blocks])
    gains = block_gains(blocks)
    layer = Standardise(
        columns=[list(block) for block in blocks], name="standardised" if projection else "scaled"
    )
    x = layer(inputs)
    layer.set_weights([mean[kept], std[kept], gains])
    if projection is None:
        return x, gains
    reduce = layers.Dense(projection.kernel.shape[1], trainable=False, name="scaled")
    x = reduce(x)
    reduce.set_weights([projection.kernel, projection.bias])
    return x, np.ones(projection.kernel.shape[1])


def _summed_up(
    head: str, x: keras.KerasTensor, size: Size, statistics: bool
) -> tuple[list[keras.KerasTensor], keras.KerasTensor | None]:
    """Give the parts of the summary, what only counts over time first, and the sequence."""
    if head in POOLS:
        return [POOLS[head]()(x)], None
    summary = SEQUENCES[head](x, size)
    beside = [TimeStatistics(name="statistics")(x)] if statistics else []
    return [*beside, summary.vector], summary.sequence


def _weigh_columns(normalisation: layers.BatchNormalization, gains: np.ndarray, num_fixed: int) -> None:
    """Give the normalised statistics, which come first, the gains of their columns back."""
    gamma, *others = normalisation.get_weights()
    gamma[:num_fixed] = np.tile(gains, num_fixed // len(gains))
    normalisation.set_weights([gamma, *others])


def _video_outputs(
    x: keras.KerasTensor,
    *,
    num_labels: int,
    multi_label: bool,
    embedding_size: int,
    dropout: float,
    l2: float,
) -> dict[str, keras.KerasTensor]:
    """Stay linear up to the last activation: with a few hundred videos every bend costs accuracy."""
    penalty = regularizers.L2(l2)
    x = layers.BatchNormalization(momentum=MOMENTUM, name="summary_normalisation")(x)
    x = layers.Dropout(dropout, name="summary_dropout")(x)
    x = layers.Dense(embedding_size, use_bias=False, kernel_regularizer=penalty, name="embedding_vector")(x)
    x = layers.BatchNormalization(momentum=MOMENTUM, name="embedding_normalisation")(x)
    embedding = layers.UnitNormalization(name="embedding")(x)
    x = layers.Dropout(dropout, name="embedding_dropout")(x)
    logits = layers.Dense(num_labels, kernel_regularizer=penalty, name="logits")(x)
    return {
        "probabilities": _probabilities(logits, multi_label, "probabilities"),
        "embedding": embedding,
    }


def _frame_output(
    sequence: keras.KerasTensor, num_labels: int, l2: float, multi_label: bool
) -> keras.KerasTensor:
    logits = layers.Dense(num_labels, kernel_regularizer=regularizers.L2(l2), name="frame_logits")(sequence)
    return _probabilities(logits, multi_label, "frame_probabilities")


def _probabilities(logits: keras.KerasTensor, multi_label: bool, name: str) -> keras.KerasTensor:
    layer = layers.Activation("sigmoid", name=name) if multi_label else layers.Softmax(name=name)
    return layer(logits)
