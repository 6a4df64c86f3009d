"""One seed for all that draws numbers, and operators that always add in the same order."""

import keras
import tensorflow as tf


def make_deterministic(seed: int) -> None:
    """Seed Python, NumPy and Keras, and choose TensorFlow operators that always add in the same order.

    Call it before a model is built: its first weights come from these seeds.
    """
    keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()
