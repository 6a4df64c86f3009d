from dataclasses import replace

import pytest

from sora.compression.choice import Rule, Standing, choose, is_clearly_faster

RULE = Rule(max_accuracy_loss=0.02, min_agreement=0.97)
FLOAT = Standing("float", (400, 410, 390, 400), accuracy=0.95, agreement=1.0)
INT8 = Standing("int8", (200, 205, 195, 200), accuracy=0.95, agreement=0.98)


def test_the_fastest_that_keeps_the_rule_is_served():
    other = replace(INT8, name="other", rounds_ms=(150, 150, 150, 150))
    found = choose([FLOAT, INT8, other], RULE)
    assert (found.name, found.refused) == ("other", {})
    assert found.reason == (
        "other is the fastest that keeps the rule: 150 ms a video against 400 of float; on validation videos "
        "it has 0.980 of the labels, and 0.950 accuracy against 0.950"
    )


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"accuracy": 0.929}, "loses 0.021 of accuracy on validation videos, 0.02 is allowed"),
        ({"agreement": 0.96}, "gives 0.960 of the validation videos the float network's labels, 0.97 is asked"),
        ({"rounds_ms": (800, 800, 800, 800)}, "is not clearly faster: 800 ms a video against 400"),
        ({"rounds_ms": (390, 395, 385, 390)}, "is not clearly faster: 390 ms a video against 400"),
        ({"accuracy": None, "agreement": None}, "cannot be judged: there are no validation videos"),
    ],
)
def test_what_is_worse_or_no_faster_is_refused_with_the_reason(change, reason):
    found = choose([FLOAT, replace(INT8, **change)], RULE)
    assert found.name == "float"
    assert found.refused["int8"].startswith(reason)
    assert found.reason == "float (400 ms a video): none that is clearly faster is as good"


def test_bounds_are_still_allowed():
    at_bounds = replace(INT8, accuracy=0.75, agreement=0.75)
    assert choose([replace(FLOAT, accuracy=1.0), at_bounds], Rule(0.25, 0.75)).name == "int8"


def test_a_gain_must_hold_in_three_rounds_of_four():
    # The same noise in both, round by round, hides no gain; a gain in half of the rounds is none.
    slowed = replace(FLOAT, rounds_ms=(400, 800, 400, 1200))
    assert is_clearly_faster(replace(INT8, rounds_ms=(300, 600, 300, 900)), slowed)
    assert is_clearly_faster(replace(INT8, rounds_ms=(300, 300, 300, 500)), FLOAT)
    assert not is_clearly_faster(replace(INT8, rounds_ms=(100, 100, 400, 400)), FLOAT)
