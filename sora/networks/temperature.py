"""A classifier whose logits are divided by a temperature, made of operators that LiteRT has built in."""

import keras
import numpy as np
from keras import layers

_LAYER = "temperature"


@keras.saving.register_keras_serializable(package="sora")
class Temperature(layers.Layer):
    """``logits / temperature``, float32 of any shape; above 1 makes a model less sure of itself."""

    def __init__(self, temperature: float, **options: object) -> None:
        super().__init__(**options)
        self.temperature = temperature

    def call(self, logits: keras.KerasTensor) -> keras.KerasTensor:
        """Apply the formula of the class."""
        return logits * (1 / self.temperature)

    def get_config(self) -> dict:
        """Give what the constructor needs."""
        return {**super().get_config(), "temperature": self.temperature}


def with_temperature(model: keras.Model, temperature: float) -> keras.Model:
    """Return a classifier of any kind with a temperature before its ``probabilities``.

    It shares its other layers with ``model``, which is returned itself where the temperature is 1. Other
    outputs stay as they are.
    """
    if temperature == 1:
        return model
    last = model.get_layer("probabilities")
    cooled = Temperature(temperature, name=_LAYER)(model.get_layer("logits").output)
    probabilities = type(last).from_config(last.get_config())(cooled)
    outputs = [
        probabilities if name == "probabilities" else output
        for name, output in zip(model.output_names, model.outputs, strict=True)
    ]
    return keras.Model(model.inputs, outputs, name=model.name)


def temperature_of(model: keras.Model) -> float:
    """Return the temperature that a classifier has; 1 where it has none."""
    if any(layer.name == _LAYER for layer in model.layers):
        return float(model.get_layer(_LAYER).temperature)
    return 1.0


def logits_of(model: keras.Model, features: np.ndarray) -> np.ndarray:
    """Return the logits of a classifier, float32 (N, C), before any temperature."""
    return keras.Model(model.inputs, model.get_layer("logits").output).predict(features, verbose=0)
