"""What /metrics tells beside BentoML's own figures of requests."""

from bentoml.metrics import Counter

ASKED = Counter("sora_asked_total", "Answers that were wanted.", labelnames=["kind"])
COMPUTED = Counter("sora_computed_total", "Answers that had to be worked out.", labelnames=["kind"])
