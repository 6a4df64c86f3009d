"""What README tells people to type exists."""

import importlib.util
import re
import shlex
from pathlib import Path

import pytest
from typer.main import get_command

from sora.cli import app

ROOT = Path(__file__).parents[1]
BLOCKS = re.findall(r"^```\n(.*?)^```", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL)
LINES = [shlex.split(line, comments=True) for block in BLOCKS for line in block.splitlines()]
COMMANDS = [words for words in LINES if words]


def of(program: str) -> list[list[str]]:
    return [words for words in COMMANDS if words[0] == program]


def test_make_targets_exist():
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {words[1] for words in of("make")}
    assert {"run", "test"} <= named <= targets


@pytest.mark.parametrize("words", of("sora"), ids=" ".join)
def test_sora_commands_take_these_words(words: list[str]):
    command = get_command(app)
    subcommand = command.get_command(None, words[1])
    assert subcommand is not None
    subcommand.make_context(words[1], words[2:])


def test_modules_to_run_exist():
    modules = [words[2] for words in of("python")]
    assert "flows.pipeline" in modules
    assert all(importlib.util.find_spec(module) for module in modules)


def test_no_other_program_is_named_without_need():
    known = {"make", "sora", "python", "dvc", "git", "bentoml", "curl", "dask"}
    assert {words[0] for words in COMMANDS} <= known
