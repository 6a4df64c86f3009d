"""validate as a stage: what it writes, prints and refuses. Each check has its own test in tests/quality."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from hashed_scenes import copied, manifest_row, moving_scene

from sora import layout
from sora.errors import SoraError
from sora.manifest import MANIFEST_COLUMNS, read_table, write_table
from sora.params import Runtime, Settings, convert
from sora.stages import validate

SHIPPED = yaml.safe_load((Path(__file__).parents[2] / "params.yaml").read_text())["validate"]
SETTINGS = Settings(seed=0, runtime=Runtime(1, 60, 4))


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A manifest with a black video, one in the dark, and copies in train and test."""
    monkeypatch.chdir(tmp_path)
    scene = moving_scene(0, 0)
    rows = [
        manifest_row("run/a.mp4", scene),
        manifest_row("run/b.mp4", copied(scene, mirrored=True), split="test"),
        manifest_row("run/c.mp4", moving_scene(1, 0)),
        manifest_row("walk/black.mp4", moving_scene(2, 0), black_share=1.0),
        *(manifest_row(f"walk/{n}.mp4", moving_scene(n + 3, 0), dark_share=float(n == 0)) for n in range(5)),
    ]
    table = pd.DataFrame(rows)
    write_table(layout.MANIFEST, table[MANIFEST_COLUMNS])
    write_table(layout.SPLITS, table[["path", "split"]])
    return tmp_path


def run(severity: dict[str, str] | None = None, **changes: Any) -> dict[str, Any]:
    values = {**SHIPPED, **changes, "severity": {**SHIPPED["severity"], **(severity or {})}}
    validate.run(convert(validate.Params, values, "params.yaml: validate"), SETTINGS)
    return json.loads(layout.VALIDATION.read_text())


def test_tables_and_report_agree_and_warnings_are_told(capsys: pytest.CaptureFixture[str]):
    report = run()
    assert list(read_table(layout.VALIDATED).columns) == MANIFEST_COLUMNS
    assert read_table(layout.VALIDATED)["path"].tolist() == [
        "run/b.mp4",
        "run/c.mp4",
        *(f"walk/{n}.mp4" for n in range(5)),
    ]
    quarantine = read_table(layout.QUARANTINE)
    assert dict(zip(quarantine["path"], quarantine["reason"], strict=True)) == {
        "run/a.mp4": "shows the same footage as run/b.mp4 of the test videos (mirrored)",
        "walk/black.mp4": "is black in 100 % of its frames, at most 50 % expected",
    }
    assert list(report["quarantined"]) == quarantine["path"].tolist()
    assert report["lost_share"] == round(1 / 9, 4)
    warning = "walk/0.mp4: is under-exposed in 100 % of its frames, at most 90 % expected"
    lost = [f"set aside: {row.path}: {row.reason}" for row in quarantine.itertuples()]
    assert capsys.readouterr().err.splitlines() == [*lost, f"warning: not_dark: {warning}"]


def test_a_release_lets_a_video_go_on():
    Path("release.yaml").write_text("- {video: walk/black.mp4, reason: at night, by: anna}\n")
    report = run()
    assert "walk/black.mp4" in set(read_table(layout.VALIDATED)["path"])
    assert report["released"]["walk/black.mp4"]["by"] == "anna"
    Path("release.yaml").write_text("- {video: walk/white.mp4, reason: at night, by: anna}\n")
    with pytest.raises(SoraError, match=r"walk/white.mp4 is neither the path nor"):
        run()


def test_a_failing_rule_fails_after_the_reports_are_written():
    with pytest.raises(SoraError, match=r"not_black: walk/black.mp4: is black .*validate.severity.not_black"):
        run({"not_black": "fail"})
    assert json.loads(layout.VALIDATION.read_text())["failures"][0]["rule"] == "not_black"
    assert layout.QUARANTINE.exists()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"max_lost_share": 0.1}, r"11% of the videos are not fit .* \(first: walk/black.mp4: is black"),
        ({"min_groups_per_label": 3}, "label 'run' has 2 source groups left after validation"),
    ],
)
def test_too_poor_a_set_is_refused(changes: dict[str, Any], message: str):
    with pytest.raises(SoraError, match=message):
        run(**changes)


@pytest.mark.parametrize(
    ("rule", "value"),
    [("not_black", "ignore"), ("readable", "warn"), ("balanced_classes", "quarantine"), ("not_blak", "warn")],
)
def test_severities_are_strict(rule: str, value: str):
    with pytest.raises(SoraError, match=rf"params.yaml: validate.severity.{rule}: "):
        run({rule: value})


def test_equal_input_gives_equal_reports():
    run()
    before = layout.VALIDATION.read_bytes()
    run()
    assert layout.VALIDATION.read_bytes() == before
