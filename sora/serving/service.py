"""The web service: adapts types and delegates to the predictor."""

from pathlib import Path
from typing import Any

import bentoml
from bentoml.exceptions import BadInput

from sora.errors import VideoError
from sora.predictor import Predictor
from sora.serving.limits import BodyLimit, accept_files_only

# In a Bento this is its own source folder, and the bundle lies in it as it does in a checkout.
SOURCE = Path(__file__).resolve().parents[2]
BUNDLE = SOURCE / "models" / "sora"


@bentoml.service(name="sora-video", traffic={"timeout": 120})
class SoraVideo:
    """Classifies videos with the bundle that lies beside this code."""

    def __init__(self) -> None:
        self._predictor = Predictor(BUNDLE)

    @bentoml.api
    def classify(self, video: Path) -> dict[str, Any]:
        """Give label, probabilities, model version and, for a video that breaks off, a warning.

        Where a video may have several labels, ``labels`` are all that it is said to have, and ``label`` the
        most probable one.

        A file that is no video, or text in place of a file, is answered with status 400 and the reason, a
        request beyond 512 MiB with 413.
        """
        try:
            answer = self._predictor.answer(video)
        except VideoError as error:
            raise BadInput(f"cannot classify this file: {error}") from None  # a short log
        return {**answer, "model_version": self._predictor.bundle.version}

    @bentoml.api
    def lineage(self) -> dict[str, Any]:
        """Give what the model was made from, its version and variant, and which copy of the code answers."""
        bundle = self._predictor.bundle
        return {
            "model_version": bundle.version,
            "variant": bundle.variant,
            "lineage": bundle.lineage,
            "served_from": str(Path(__file__).resolve()),
        }


accept_files_only()
SoraVideo.add_asgi_middleware(BodyLimit)  # type: ignore[attr-defined]  # it is a Service by now
