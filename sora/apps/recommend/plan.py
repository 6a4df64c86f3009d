"""How recommendations are chosen."""

from dataclasses import dataclass

from sora.errors import SoraError


@dataclass(frozen=True)
class Plan:
    """Parameters of recommendation.

    Attributes:
        half_life_days: after which a watch counts half, for a user's taste and for popularity.
        sharpness: how fast interest falls with distance from a watched video: it is
            exp(sharpness * (cosine - 1)).
        popularity: power of a video's popularity that its relevance is multiplied by; 0: none, 1: as a
            prior probability.
        diversity: what a video loses for being like one above it, in 0..1 of the greatest relevance.
        newcomer_diversity: the same for users of whom nothing is known.
    """

    half_life_days: float = 30.0
    sharpness: float = 4.0
    popularity: float = 1.0
    diversity: float = 0.1
    newcomer_diversity: float = 0.5

    def __post_init__(self) -> None:
        """Check the ranges."""
        for name in ("diversity", "newcomer_diversity"):
            if not 0 <= getattr(self, name) <= 1:
                raise SoraError(f"{name}: a number from 0 to 1 expected, got {getattr(self, name)}")
        if self.half_life_days <= 0:
            raise SoraError(f"half_life_days: a number above 0 expected, got {self.half_life_days}")
        if min(self.sharpness, self.popularity) < 0:
            raise SoraError(
                f"sharpness, popularity: numbers from 0 expected, got {self.sharpness}, {self.popularity}"
            )
