"""Worse pictures: noise, blur and dark, in the manner of ImageNet-C.

Hendrycks and Dietterich, "Benchmarking neural network robustness to common corruptions and perturbations",
2019. Every function takes and returns uint8 RGB frames (N, H, W, 3) in [0, 255].
"""

import cv2
import numpy as np


def add_noise(frames: np.ndarray, deviation: float, rng: np.random.Generator) -> np.ndarray:
    """Add Gaussian noise to every colour of every pixel; ``deviation`` is in grey levels."""
    noise = rng.standard_normal(frames.shape, np.float32) * np.float32(deviation)
    return np.clip(np.rint(frames + noise), 0, 255).astype(np.uint8)


def blur(frames: np.ndarray, sigma_px: float) -> np.ndarray:
    """Smooth every frame with a Gaussian of standard deviation ``sigma_px``."""
    return np.stack([cv2.GaussianBlur(frame, (0, 0), sigma_px) for frame in frames])


def darken(frames: np.ndarray, light_share: float) -> np.ndarray:
    """Show frames as with a share of the light, in (0, 1]: scaled in linear light (sRGB, IEC 61966-2-1)."""
    levels = np.arange(256) / 255
    linear = np.where(levels <= 0.04045, levels / 12.92, ((levels + 0.055) / 1.055) ** 2.4)
    less = linear * light_share
    shown = np.where(less <= 0.0031308, less * 12.92, 1.055 * less ** (1 / 2.4) - 0.055)
    return np.rint(255 * shown).astype(np.uint8)[frames]
