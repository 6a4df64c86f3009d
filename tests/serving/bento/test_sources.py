import ast
import sys
from importlib import metadata
from pathlib import Path

import pytest

from sora.serving.bento.build import PACKAGES
from sora.serving.bento.sources import LEFT_OUT, imports, service_sources

ROOT = Path(__file__).parents[3]
NEVER_CALLED = {"keras", "tensorflow"}  # by a server


@pytest.fixture(scope="module")
def real() -> dict[str, ast.AST]:
    return {
        name: ast.parse((ROOT / name).read_text(encoding="utf-8"))
        for name in service_sources(ROOT)
        if name.endswith(".py")
    }


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


def test_imports_are_followed_wherever_they_stand(tmp_path):
    write(
        tmp_path,
        {
            "sora/__init__.py": "",
            "sora/serving/__init__.py": "",
            "sora/serving/service.py": "import sora.top\nfrom sora.serving import beside\nimport numpy\n",
            "sora/serving/beside.py": "def call():\n    from sora.room.late import name\n",
            "sora/serving/unused.py": "",
            "sora/serving/page/index.html": "<p>",
            "sora/serving/page/.hidden": "",
            "sora/serving/bento/README.md": "of the Bento",
            "sora/top.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import sora.typed\n",
            "sora/typed.py": "",
            "sora/room/__init__.py": "",
            "sora/room/late.py": "from sora.networks.applications import application\nimport sora.top\n",
            "sora/networks/__init__.py": "",
            "sora/networks/applications.py": "import keras",
        },
    )
    assert service_sources(tmp_path) == (
        "sora/__init__.py",
        "sora/room/__init__.py",
        "sora/room/late.py",
        "sora/serving/__init__.py",
        "sora/serving/beside.py",
        "sora/serving/page/index.html",
        "sora/serving/service.py",
        "sora/top.py",
    )


def test_all_that_the_service_imports_is_in_the_bento_or_required_by_it(real):
    names = metadata.packages_distributions()
    required = {"bentoml", *PACKAGES}
    for file, tree in real.items():
        for imported, is_late in imports(tree):
            package = imported.partition(".")[0]
            if package in sys.stdlib_module_names or package == "sora":
                continue
            if package in NEVER_CALLED:
                assert is_late, (file, imported)
                continue
            assert required & {name.lower() for name in names[package]}, (file, imported)


def test_what_is_left_out_exists_and_is_imported_inside_functions_alone(real):
    for file, tree in real.items():
        at_the_top = {name for name, is_late in imports(tree) if not is_late}
        assert not {left for left in LEFT_OUT for name in at_the_top if f"{name}.".startswith(f"{left}.")}, (
            file
        )
    assert {name for name in LEFT_OUT if not (ROOT / f"{name.replace('.', '/')}.py").is_file()} == set()


def test_nothing_of_the_data_stages_comes_along(real):
    assert {name for name in real if name.startswith(("sora/stages/", "sora/cli/"))} == set()
    assert not {"sora/serving/bento/build.py", "sora/serving/bento/contents.py"} & real.keys()
