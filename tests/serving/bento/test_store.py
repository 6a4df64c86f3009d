import io
import tarfile
from pathlib import Path

import pytest

from sora.errors import SoraError
from sora.serving.bento.store import _put, ensure_in_store


def test_the_old_bento_comes_back_where_the_new_one_cannot_be_put(tmp_path):
    target = tmp_path / "bentos" / "1"
    target.mkdir(parents=True)
    (target / "old").touch()
    with pytest.raises(FileNotFoundError):
        _put(tmp_path / "missing", target, tmp_path / "kept")
    assert (target / "old").exists()
    assert not (tmp_path / "kept").exists()


def export(path: Path, version: str) -> Path:
    record = f"{{name: sora-video, version: '{version}'}}".encode()
    with tarfile.open(path, "w") as archive:
        member = tarfile.TarInfo("./bento.yaml")
        member.size = len(record)
        archive.addfile(member, io.BytesIO(record))
    return path


def test_latest_stays_where_another_one_serves(tmp_path, monkeypatch):
    monkeypatch.setenv("BENTOML_HOME", str(tmp_path / "home"))
    bentos = tmp_path / "home" / "bentos" / "sora-video"
    ensure_in_store(export(tmp_path / "1.bento", "1"))
    assert ensure_in_store(export(tmp_path / "2.bento", "2"), is_latest=False) == "sora-video:2"
    assert (bentos / "2" / "bento.yaml").is_file()
    assert (bentos / "latest").read_text() == "1"
    ensure_in_store(tmp_path / "2.bento")
    assert (bentos / "latest").read_text() == "2"


def test_what_is_no_exported_bento_is_one_line(tmp_path, monkeypatch):
    monkeypatch.setenv("BENTOML_HOME", str(tmp_path / "home"))
    (tmp_path / "broken.bento").write_text("nothing")
    for name, reason in (("broken.bento", "is not an exported Bento"), ("none.bento", "there is no")):
        with pytest.raises(SoraError, match=reason) as caught:
            ensure_in_store(tmp_path / name)
        assert "\n" not in str(caught.value)
