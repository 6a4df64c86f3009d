import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from bundles import LABELS, SPEC, tiny_bundle

from sora.bundle import Bundle, read_bundle, write_bundle
from sora.errors import SoraError


@pytest.fixture(scope="module")
def bundle(tmp_path_factory) -> Bundle:
    return tiny_bundle(tmp_path_factory.mktemp("bundle") / "sora")


@pytest.fixture
def copied(bundle, tmp_path) -> Bundle:
    return rewritten(bundle, tmp_path / "copy")


def rewritten(bundle: Bundle, folder: Path, **changes: Any) -> Bundle:
    """Write what ``bundle`` is made of again, with ``changes``."""
    parts = {key: value for key, value in vars(bundle).items() if key not in ("folder", "version")}
    return write_bundle(folder, **(parts | changes))


def test_a_bundle_is_read_as_it_was_written(bundle):
    again = read_bundle(bundle.folder)
    assert again == bundle
    assert (again.spec, again.labels, again.variant) == (SPEC, LABELS, "float32")
    assert again.lineage == {"sora": "0.1.0", "videos": "0" * 64}


def test_version_names_the_content_and_not_the_lineage(copied, bundle, tmp_path):
    assert copied.version == bundle.version
    assert rewritten(bundle, tmp_path / "a", lineage={"git_commit": "other"}).version == bundle.version
    changes: list[dict[str, Any]] = [
        {"several_labels": True},
        {"spec": replace(SPEC, pixel_mean=1.0)},
        {"backbone": bundle.edge_backbone},
        {"edge_variant": "int8"},
    ]
    versions = {rewritten(bundle, tmp_path / "b", **change).version for change in changes}
    assert len(versions | {bundle.version}) == 1 + len(changes)


def test_a_bundle_is_replaced_whole(copied):
    (copied.folder / "left_over.txt").touch()
    rewritten(copied, copied.folder, labels=("a", "b", "c"))
    names = sorted(path.name for path in copied.folder.iterdir())
    assert names == ["backbone.onnx", "bundle.json", "edge_backbone.tflite", "head.tflite"]
    assert read_bundle(copied.folder).labels == ("a", "b", "c")
    assert not list(copied.folder.parent.glob(".tmp-*"))


def test_what_serves_here_and_on_the_edge_is_kept_once_where_it_is_the_same(tmp_path):
    bundle = tiny_bundle(tmp_path / "sora", backbone="tflite")
    assert bundle.edge_backbone == bundle.backbone == bundle.folder / "backbone.tflite"
    assert bundle.edge_head == bundle.head
    assert len(list(bundle.folder.iterdir())) == 3


def test_an_edge_device_is_given_litert_only(bundle, tmp_path):
    with pytest.raises(SoraError, match=r"the edge_backbone of a bundle must be \.tflite$"):
        rewritten(bundle, tmp_path / "copy", edge_backbone=bundle.backbone)


@pytest.mark.parametrize("name", ["backbone.onnx", "edge_backbone.tflite", "head.tflite"])
def test_one_changed_byte_is_found(copied, name):
    path = copied.folder / name
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(SoraError, match=rf"{name}: does not match its checksum"):
        read_bundle(copied.folder)


@pytest.mark.parametrize(
    "change", ["labels", "spec", "version", "unreadable", "missing file", "no edge", "list"]
)
def test_a_damaged_record_is_one_line(copied, change):
    path = copied.folder / "bundle.json"
    record = json.loads(path.read_text())
    if change == "labels":
        record["content"]["labels"].reverse()
    elif change == "spec":
        del record["content"]["spec"]["clip"]["denoise"]
    elif change == "version":
        del record["version"]
    elif change == "missing file":
        (copied.folder / "head.tflite").unlink()
    elif change == "no edge":
        del record["content"]["files"]["edge_backbone"]
    text = {"unreadable": "{", "list": "[]"}.get(change, json.dumps(record))
    path.write_text(text)
    with pytest.raises(SoraError) as caught:
        read_bundle(copied.folder)
    assert "\n" not in str(caught.value)
    assert str(copied.folder) in str(caught.value)
