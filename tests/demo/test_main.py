import sys
from pathlib import Path

import yaml

from sora.demo.__main__ import main

ROOT = Path(__file__).parents[2]


def test_a_mistake_ends_in_one_line_and_no_folder(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["sora.demo", str(tmp_path / "demo"), "--actors", "0"])
    assert main() == 1
    assert capsys.readouterr().err == "demo: num_actors must be 1 or more, not 0\n"
    assert not list(tmp_path.iterdir())


def test_the_dvc_stage_depends_on_every_module():
    stage = yaml.safe_load((ROOT / "data/dvc.yaml").read_text())["stages"]["render"]
    listed = {(ROOT / "data" / path).resolve() for path in stage["deps"]}
    assert set((ROOT / "sora/demo").glob("*.py")) <= listed
    assert all(path.is_file() for path in listed)
