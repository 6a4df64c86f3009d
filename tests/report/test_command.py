import webbrowser
from pathlib import Path

import pytest
from report_samples import full_content
from typer.testing import CliRunner

from sora.cli import app
from sora.errors import SoraError
from sora.report import command
from sora.report.gather import Choices


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(command.sys, "platform", "linux")
    return tmp_path


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    addresses: list[str] = []
    monkeypatch.setattr(webbrowser, "open", lambda address: not addresses.append(address))
    return addresses


def test_the_report_is_opened_and_its_place_printed(folder, opened, monkeypatch):
    (folder / "reports").mkdir()
    (folder / "reports/report.html").write_text("<p>")
    monkeypatch.setenv("DISPLAY", ":0")
    shown = CliRunner().invoke(app, ["report"])
    assert (shown.exit_code, shown.stdout) == (0, "reports/report.html\n")
    assert opened == [(folder / "reports/report.html").as_uri()]


def test_without_a_display_only_its_place_is_printed(folder, opened):
    (folder / "reports").mkdir()
    (folder / "reports/report.html").write_text("<p>")
    assert CliRunner().invoke(app, ["report"]).stdout == "reports/report.html\n"
    assert opened == []


def test_without_a_report_it_says_what_to_do():
    shown = CliRunner().invoke(app, ["report"])
    assert shown.exit_code == 1
    assert (
        shown.stderr
        == "error: reports/report.html is missing: run dvc repro from the folder of the project\n"
    )


def test_against_another_revision_it_is_a_page_of_its_own(monkeypatch):
    seen = []
    said = {"sentence": "workspace is better.", "notes": [], "num_videos": 5, "num_groups": 3, "before": "x"}
    tables = {"after": "workspace", "metrics": [], "classes": [], "flips": []}
    monkeypatch.setattr(command, "compare_revisions", seen.append)
    monkeypatch.setattr(command, "as_json", lambda _: said | tables)
    monkeypatch.setattr(
        command, "read_content", lambda choices: full_content(num_mistakes=choices.num_mistakes)
    )
    path = command.write_report_against("exp/a~1", Choices(num_mistakes=1))
    assert path == Path("reports/report_against_exp_a_1.html")
    assert seen == ["exp/a~1"]
    page = path.read_text()
    assert "workspace is better." in page
    assert "2 of 5 videos named wrongly, the most confident first; 1 are shown" in " ".join(page.split())


def test_a_folder_without_git_is_one_clear_error():
    with pytest.raises(SoraError, match="no DVC project"):
        command.write_report_against("main", Choices())
