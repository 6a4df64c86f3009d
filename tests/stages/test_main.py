"""How a stage ends: one line, and an exit code that says whether a retry can help."""

import errno
import os

import pytest

from sora.stages import __main__ as stages
from sora.stages import ingest

LINES = {
    errno.ENOSPC: (1, "No space left on device (data/clips); free some room on the disk and run again"),
    errno.EACCES: (1, "Permission denied (data/clips); allow it and run again"),
    errno.EIO: (stages.EXIT_RETRY, "Input/output error (data/clips); see to it and run again"),
}


@pytest.mark.parametrize("number", LINES)
def test_a_fault_of_the_machine_is_one_line(
    number: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    def fail(*_: object) -> None:
        raise OSError(number, os.strerror(number), "data/clips")

    monkeypatch.setattr(stages, "die_with_parent", lambda: None)
    monkeypatch.setattr(ingest, "run", fail)
    code, line = LINES[number]
    assert stages.main(["ingest"]) == code
    assert capsys.readouterr().err == f"error: ingest cannot read or write its files: {line}\n"


def test_an_unknown_stage_is_one_line(capsys: pytest.CaptureFixture[str]):
    assert stages.main(["digest"]) == 1
    assert capsys.readouterr().err.startswith("error: expected one of ingest, validate, ")
