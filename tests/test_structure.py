import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from sora import layout
from sora.params import OF_COMMANDS, SHARED
from sora.serving.bento.sources import service_sources
from sora.stages import STAGES

ROOT = Path(__file__).parents[1]
FILES = {path.relative_to(ROOT).as_posix(): path for path in sorted((ROOT / "sora").rglob("*.py"))}
TREES = {name: ast.parse(path.read_text(encoding="utf-8")) for name, path in FILES.items()}
STAGE_FILES = {name: f"sora/stages/{name}.py" for name in STAGES}
PIPELINE: dict[str, Any] = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
TOPS = ("sora/cli/", "sora/status.py", "sora/stages/", "sora/doctor.py")


def imports(node: ast.AST, *, inside: bool = True) -> Iterator[str]:
    """Yield the full names that are imported, outside TYPE_CHECKING; with ``inside`` in functions too."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from (alias.name for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            assert not child.level, "relative import"
            yield from (f"{child.module}.{alias.name}" for alias in child.names)
        elif isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        elif inside or not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from imports(child, inside=inside)


def users(package: str, *, inside: bool = True) -> set[str]:
    return {
        name
        for name, tree in TREES.items()
        if any((found + ".").startswith(package + ".") for found in imports(tree, inside=inside))
    }


def files_of(imported: str) -> set[str]:
    parts = imported.split(".")
    candidates = {"/".join(parts[:n]) + ".py" for n in range(1, len(parts) + 1)}
    return candidates & FILES.keys()


def closure(name: str) -> set[str]:
    found, todo = set(), {name}
    while todo:
        one = todo.pop()
        found.add(one)
        todo |= {file for imported in imports(TREES[one]) for file in files_of(imported)} - found
    return found


def test_nothing_imports_what_lies_above_it():
    assert users("flows") | users("prefect") == set()
    assert {name for name in users("sora.stages") if not name.startswith(TOPS)} == set()
    for name, file in STAGE_FILES.items():
        assert closure(file) & set(STAGE_FILES.values()) == {file}, name


def test_heavy_libraries_stay_in_their_rooms():
    bento = users("bentoml")
    assert {n for n in bento if not n.startswith("sora/serving/")} <= {"sora/stages/package.py"}
    for package in ("tensorflow", "keras"):
        rooms = ("sora/networks/", "sora/training/", "sora/compression/")
        assert {n for n in users(package, inside=False) if not n.startswith(rooms)} == set()
        allowed = ("sora/networks/", "sora/training/", "sora/compression/", "sora/quiet.py", "sora/stages/")
        assert {n for n in users(package) if not n.startswith(allowed)} == set()


def test_the_command_line_starts_light():
    code = "import sys, sora.cli; print([m for m in ('tensorflow', 'pandas', 'cv2') if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_stages_start_light():
    code = f"import sys, {', '.join(f'sora.stages.{name}' for name in STAGES)}; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    heavy = {"tensorflow", "great_expectations", "sklearn", "matplotlib", "bentoml", "onnxruntime"}
    assert heavy & set(run.stdout.split()) == set()


def test_stages_have_the_same_names_in_four_places():
    modules = {p.stem for p in (ROOT / "sora/stages").glob("*.py") if not p.stem.startswith("__")}
    params = yaml.safe_load((ROOT / "params.yaml").read_text())
    assert modules == set(STAGES)
    assert tuple(PIPELINE) == STAGES
    assert tuple(name for name in params if name not in {*SHARED, *OF_COMMANDS}) == STAGES


def paths(entries: list[Any]) -> set[str]:
    return {next(iter(entry)) if isinstance(entry, dict) else entry for entry in entries}


@pytest.mark.parametrize("name", STAGES)
def test_dvc_knows_what_each_stage_depends_on(name: str):
    stage = PIPELINE[name]
    deps = paths(stage["deps"])
    code = {dep for dep in deps if dep.startswith("sora/")}
    packed = set(service_sources(ROOT)) if name == "package" else set()
    assert (closure(STAGE_FILES[name]) | packed) - deps == set(), "missing from the deps"
    assert {dep for dep in code if not (ROOT / dep).is_file()} == set()
    outs = {path for kind in ("outs", "metrics", "plots") for path in paths(stage.get(kind, []))}
    known = {value.as_posix() for value in vars(layout).values() if isinstance(value, Path)}
    templated = {"${ingest.source}", "${package.policy}", "${train.update.parent}"}
    assert (deps - code - templated | outs) - known == set()


def test_dvc_knows_what_training_an_upscaler_depends_on():
    stage = yaml.safe_load((ROOT / "models/upscaler/dvc.yaml").read_text())["stages"]["train"]
    tables = {layout.VALIDATED.as_posix(), layout.SPLITS.as_posix()}
    assert set(stage["deps"]) == closure("sora/upscaler/__main__.py") | tables
    assert [*stage["outs"], *paths(stage["metrics"])] == [
        layout.UPSCALER.as_posix(),
        layout.UPSCALER_JUDGEMENT.as_posix(),
    ]


def test_what_child_processes_import_is_light():
    called = (
        "sora.attempt, sora.guard, sora.clip, sora.views, sora.sources.reading, sora.robustness.features, "
        "sora.explanation.work, sora.compression.answers, sora.live.connection, sora.apps.analysis.reading, "
        "sora.apps.summary.write, sora.serving.remaking.measure, sora.upscaler.patches, sora.upscaler.judging"
    )
    code = f"import sys, {called}; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    heavy = {"pandas", "tensorflow", "pydantic", "great_expectations", "sklearn", "matplotlib", "rich"}
    assert heavy & set(run.stdout.split()) == set()


def test_there_is_one_way_from_video_to_network_input():
    for function in ("network_input", "read_clean_clip"):
        nodes = [node for tree in TREES.values() for node in ast.walk(tree)]
        assert sum(isinstance(n, ast.FunctionDef) and n.name == function for n in nodes) == 1
    uses = {
        name: {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        for name, tree in TREES.items()
    }
    assert "write_clean_clip" in uses["sora/stages/preprocess.py"]
    assert "read_clean_clip" in uses["sora/clip.py"]
    assert "network_input" in uses["sora/views.py"]
    assert {"read_clean_clip", "network_input"} <= uses["sora/predictor.py"]
    assert {"clean_clip", "network_input", "one_segment"} <= uses["sora/live/classifier.py"]


def test_requirements_pin_every_dependency_and_name_no_host():
    text = (ROOT / "requirements.txt").read_text()
    assert re.findall(r"https?:|--\S*index-url|--find-links|@ ", text) == []
    pinned = {re.sub(r"[-_.]+", "-", m).lower() for m in re.findall(r"^([\w.-]+)==", text, re.MULTILINE)}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    needed = {re.split(r"[^\w.-]", text)[0].lower() for text in project["dependencies"]}
    assert needed - pinned == set()
