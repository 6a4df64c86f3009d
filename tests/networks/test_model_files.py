import json

import pytest
from toy_videos import classifier

from sora.errors import SoraError
from sora.networks.model_files import load_model, save_model


def test_only_known_classes_are_loaded(tmp_path):
    save_model(classifier(), tmp_path)
    path = tmp_path / "config.json"
    config = json.loads(path.read_text())
    config["model"]["layers"][-1].update(module="builtins", class_name="eval")
    path.write_text(json.dumps(config))
    with pytest.raises(SoraError, match=r"builtins\.eval is not among"):
        load_model(tmp_path)


def test_files_that_do_not_fit_are_refused(tmp_path):
    save_model(classifier(), tmp_path / "a")
    save_model(classifier("gru"), tmp_path / "b")
    (tmp_path / "b" / "weights.npz").replace(tmp_path / "a" / "weights.npz")
    with pytest.raises(SoraError, match="do not fit"):
        load_model(tmp_path / "a")
    (tmp_path / "a" / "weights.npz").write_bytes(b"PK")
    with pytest.raises(SoraError, match="cannot be read"):
        load_model(tmp_path / "a")
    with pytest.raises(SoraError, match=r"config\.json: cannot be read"):
        load_model(tmp_path / "nowhere")
