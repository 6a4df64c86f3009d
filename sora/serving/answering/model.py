"""A version of the model with all that its answers are made of."""

from dataclasses import dataclass

from sora.serving.answering.engine import Engine
from sora.serving.answering.retrieval import Retrieval


@dataclass(frozen=True, eq=False)
class Model:
    """What is exchanged as a whole: networks, labels, policy and the names of answers; and the index."""

    engine: Engine
    retrieval: Retrieval

    def close(self) -> None:
        """End its processes."""
        self.engine.close()
