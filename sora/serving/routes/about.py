"""Endpoints about the service itself."""

from pathlib import Path
from typing import Any

from fastapi import APIRouter

from sora.serving.remaking.wish import scales, styles
from sora.serving.routes.access import GivenParts, errors
from sora.serving.routes.answer_types import Capabilities, Health, Lineage

open_router = APIRouter(tags=["about"])
router = APIRouter(tags=["about"], responses=errors(401))


@open_router.get("/health", response_model=Health)
async def health(parts: GivenParts) -> dict[str, Any]:
    """Tell that this worker lives; BentoML's own /livez and /readyz do too, and /metrics has its figures."""
    return {"status": "ok", "model_version": parts.engine.bundle.version}


@router.get("/lineage", response_model=Lineage)
async def lineage(parts: GivenParts) -> dict[str, Any]:
    """Tell what the model was made from, and which copy of the code answers."""
    bundle = parts.engine.bundle
    return {
        "model_version": bundle.version,
        "registry_version": parts.engine.assets.version or None,
        "variant": bundle.variant,
        "labels": list(bundle.labels),
        "several_labels": bundle.several_labels,
        "lineage": bundle.lineage,
        "served_from": str(Path(__file__).resolve().parents[1]),
    }


@router.get("/capabilities", response_model=Capabilities)
def capabilities() -> dict[str, Any]:
    """Tell what jobs can make of a video."""
    return {"scales": scales(), "styles": styles()}
