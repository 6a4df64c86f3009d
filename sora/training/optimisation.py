"""From a plan to Keras' optimizer, loss and measure, and to the devices on which they run."""

from collections.abc import Sequence

import keras
import tensorflow as tf
from keras import losses, metrics, ops, optimizers

from sora.errors import SoraError
from sora.training.plan import OptimizerPlan, TrainingPlan


def compiled_copy(
    model: keras.Model, plan: TrainingPlan, multi_label: bool, strategy: tf.distribute.Strategy
) -> keras.Model:
    """Return a copy of a model that is ready to be fitted; the first of its outputs is measured.

    The copy lives on the devices of ``strategy``, and computes in half precision where the plan says so; its
    weights are float32 and fit the model.
    """
    with strategy.scope():
        copy = keras.models.clone_model(model, clone_function=_in_half if plan.mixed_precision else None)
        optimizer = build_optimizer(plan.optimizer)
        if plan.mixed_precision:
            optimizer = optimizers.LossScaleOptimizer(optimizer)
        accuracy = metrics.BinaryAccuracy if multi_label else metrics.CategoricalAccuracy
        others = len(model.outputs) - 1
        copy.compile(
            optimizer,
            loss=[classification_loss(plan, multi_label)] * (1 + others),
            metrics=[[accuracy(name="accuracy")], *[[]] * others],
            jit_compile=False,  # compiling costs more than it saves on a CPU
        )
        optimizer.build(copy.trainable_variables)
    copy.set_weights(model.get_weights())
    return copy


def device_strategy(devices: Sequence[str] = ()) -> tf.distribute.Strategy:
    """Spread batches over ``devices``, such as ``GPU:0``; by default over all GPUs, if there are several."""
    devices = devices or [f"GPU:{i}" for i in range(len(tf.config.list_physical_devices("GPU")))]
    return tf.distribute.MirroredStrategy(devices) if len(devices) > 1 else tf.distribute.get_strategy()


def require_half_precision() -> None:
    """Raise SoraError where there is no GPU: elsewhere half precision is slower, not faster."""
    if not tf.config.list_physical_devices("GPU"):
        raise SoraError("mixed_precision: expected a GPU, and TensorFlow sees none; set it to false")


def _in_half(layer: keras.Layer) -> keras.Layer:
    # The last layer stays exact: the loss takes logarithms of its small numbers.
    policy = "float32" if layer.name.endswith("probabilities") else "mixed_float16"
    if isinstance(layer, keras.layers.InputLayer):
        return layer.__class__.from_config(layer.get_config())
    return layer.__class__.from_config({**layer.get_config(), "dtype": policy})


def build_optimizer(plan: OptimizerPlan) -> keras.Optimizer:
    """Return the optimizer of a plan, at its highest learning rate."""
    clip_norm = plan.clip_norm or None
    if plan.kind == "sgd":
        return optimizers.SGD(plan.learning_rate, plan.momentum, plan.nesterov, global_clipnorm=clip_norm)
    if plan.kind == "rmsprop":
        return optimizers.RMSprop(plan.learning_rate, momentum=plan.momentum, global_clipnorm=clip_norm)
    if plan.kind == "adam":
        return optimizers.Adam(plan.learning_rate, global_clipnorm=clip_norm)
    optimizer = optimizers.AdamW(plan.learning_rate, plan.weight_decay, global_clipnorm=clip_norm)
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    return optimizer


def classification_loss(plan: TrainingPlan, multi_label: bool) -> keras.losses.Loss:
    """Return the loss of a plan, label smoothing included, between targets and probabilities.

    Raises:
        SoraError: cross-entropy where videos have several labels.
    """
    kind = plan.loss
    if kind == "auto":
        kind = "binary_cross_entropy" if multi_label else "cross_entropy"
    if kind == "cross_entropy" and multi_label:
        raise SoraError("loss: cross_entropy is for one label a video; here choose auto or another")
    if kind == "cross_entropy":
        return losses.CategoricalCrossentropy(label_smoothing=plan.label_smoothing)
    if kind == "binary_cross_entropy":
        cross_entropy = losses.BinaryCrossentropy if multi_label else _SoftmaxBinaryCrossentropy
        return cross_entropy(label_smoothing=plan.label_smoothing)
    return _SmoothedSquares(plan.label_smoothing, multi_label)


class _SoftmaxBinaryCrossentropy(losses.BinaryCrossentropy):
    """Of the probabilities of a softmax: Keras would find its logits, and take their sigmoid instead."""

    def call(self, y_true: keras.KerasTensor, y_pred: keras.KerasTensor) -> keras.KerasTensor:
        return super().call(y_true, ops.clip(y_pred, 0.0, 1.0))  # a new tensor, which has no logits


class _SmoothedSquares(losses.Loss):
    """Mean squared error to targets that are smoothed as those of the cross-entropies are."""

    def __init__(self, label_smoothing: float, multi_label: bool) -> None:
        super().__init__(name="mse")
        self._smoothing = label_smoothing
        self._multi_label = multi_label

    def call(self, y_true: keras.KerasTensor, y_pred: keras.KerasTensor) -> keras.KerasTensor:
        num_choices = 2 if self._multi_label else y_pred.shape[-1]
        y_true = y_true * (1 - self._smoothing) + self._smoothing / num_choices
        return ops.mean(ops.square(y_true - y_pred), axis=-1)
