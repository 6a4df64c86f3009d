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


def test_what_is_no_exported_bento_is_one_line(tmp_path, monkeypatch):
    monkeypatch.setenv("BENTOML_HOME", str(tmp_path / "home"))
    (tmp_path / "broken.bento").write_text("nothing")
    for name, reason in (("broken.bento", "is not an exported Bento"), ("none.bento", "there is no")):
        with pytest.raises(SoraError, match=reason) as caught:
            ensure_in_store(tmp_path / name)
        assert "\n" not in str(caught.value)
