from dataclasses import dataclass
from pathlib import Path

import pytest

from sora.demo.dataset import render_dataset
from sora.demo.faults import Fault, plan_faults
from sora.demo.plan import PlannedClip, Settings, plan_clips


@dataclass(frozen=True)
class Rendered:
    folder: Path
    settings: Settings
    clips: list[PlannedClip]
    faults: dict[str, Fault]


@pytest.fixture(scope="session")
def rendered(tmp_path_factory) -> Rendered:
    settings = Settings(seed=5, num_actors=1, clips_per_action=2)
    folder = tmp_path_factory.mktemp("rendered") / "demo"
    render_dataset(folder, settings, num_workers=1, on_progress=lambda done, total: None)
    clips = plan_clips(settings)
    return Rendered(folder, settings, clips, {fault.kind: fault for fault in plan_faults(settings, clips)})
