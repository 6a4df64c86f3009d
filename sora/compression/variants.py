"""Which networks are compared: a grid of runtimes, precisions and shares of removed channels."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Precision = Literal["float32", "float16", "dynamic", "int8"]
RuntimeName = Literal["litert", "onnx"]

# On processors, ONNX Runtime casts float16 back before every convolution, and quantises no convolution by
# dynamic range alone.
SUPPORTED: Mapping[RuntimeName, tuple[Precision, ...]] = {
    "litert": ("float32", "float16", "dynamic", "int8"),
    "onnx": ("float32", "int8"),
}


@dataclass(frozen=True)
class Variant:
    """One way to make the trained networks smaller or faster.

    Attributes:
        runtime: what runs the backbone; heads are always LiteRT.
        precision: ``float16`` stores half precision weights, ``dynamic`` int8 weights, ``int8`` has int8
            weights and activations.
        channels: share of the backbone's channels that are removed, in [0, 1).
    """

    runtime: RuntimeName
    precision: Precision
    channels: float = 0.0

    @property
    def name(self) -> str:
        """Its name in tables, such as ``litert-int8`` or ``onnx-float32-pruned30``."""
        pruned = f"-pruned{100 * self.channels:g}" if self.channels else ""
        return f"{self.runtime}-{self.precision}{pruned}"


REFERENCE = Variant("onnx", "float32")  # the networks as they were trained and evaluated
EDGE_REFERENCE = Variant("litert", "float32")


def grid(
    runtimes: Sequence[RuntimeName], precisions: Sequence[Precision], channels: Sequence[float]
) -> list[Variant]:
    """Return both references, then what is asked for and can be run; nothing twice."""
    asked = [
        Variant(runtime, precision, share)
        for share in channels
        for runtime in runtimes
        for precision in ("float32", *precisions)
        if precision in SUPPORTED[runtime]
    ]
    return list(dict.fromkeys([REFERENCE, EDGE_REFERENCE, *asked]))
