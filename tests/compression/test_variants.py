from sora.compression.variants import EDGE_REFERENCE, REFERENCE, Variant, grid


def names(*asked) -> list[str]:
    return [variant.name for variant in grid(*asked)]


def test_both_references_are_always_there_and_first():
    assert grid([], [], []) == grid(["onnx"], [], [0]) == [REFERENCE, EDGE_REFERENCE]
    assert names(["litert", "onnx"], [], [0]) == ["onnx-float32", "litert-float32"]


def test_a_runtime_is_tried_with_what_it_has():
    assert names(["litert", "onnx"], ["float16", "dynamic", "int8"], [0])[2:] == [
        "litert-float16",
        "litert-dynamic",
        "litert-int8",
        "onnx-int8",
    ]


def test_pruned_networks_are_tried_in_every_precision():
    found = names(["onnx"], ["int8"], [0, 0.3])
    assert found[2:] == ["onnx-int8", "onnx-float32-pruned30", "onnx-int8-pruned30"]
    assert Variant("litert", "int8", 0.125).name == "litert-int8-pruned12.5"
