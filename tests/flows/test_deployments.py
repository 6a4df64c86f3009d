import importlib
import inspect
import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from prefect.cli.deploy._models import PrefectYamlModel

from flows.drift import ALARM, resource_of
from flows.incoming import summary
from flows.local import POOL
from flows.pages import confusion_matrix, markdown_table, measures_table
from sora.incoming.aside import SetAside
from sora.incoming.taking import TakenIn

ROOT = Path(__file__).parents[2]
GIVEN: dict[str, Any] = yaml.safe_load((ROOT / "prefect.yaml").read_text())
DEPLOYMENTS = {deployment["name"]: deployment for deployment in GIVEN["deployments"]}


def test_prefect_reads_the_file():
    parsed = PrefectYamlModel.model_validate(GIVEN)
    assert [deployment.name for deployment in parsed.deployments] == ["nightly", "incoming", "drift"]


@pytest.mark.parametrize("name", DEPLOYMENTS)
def test_a_deployment_is_of_a_flow_that_takes_its_parameters(name):
    deployment = DEPLOYMENTS[name]
    path, function = deployment["entrypoint"].split(":")
    flow = getattr(importlib.import_module(path.removesuffix(".py").replace("/", ".")), function)
    given = deployment["parameters"]
    assert set(given) <= set(inspect.signature(flow.fn).parameters)
    assert given.items() <= flow.validate_parameters(given).items()
    assert flow.timeout_seconds > 0
    assert deployment["work_pool"]["name"] == POOL
    assert deployment["schedules"]
    assert deployment["concurrency_limit"] == {"limit": 1, "collision_strategy": "CANCEL_NEW"}


def test_the_alarm_that_drift_emits_starts_nightly():
    (trigger,) = DEPLOYMENTS["nightly"]["triggers"]
    assert trigger["expect"] == [ALARM]
    pattern = trigger["match"]["prefect.resource.id"]
    assert resource_of(Path("/home/ann/mine"))["prefect.resource.id"].startswith(pattern.removesuffix("*"))
    assert pattern.endswith("*")


class TestPages:
    def test_measures_with_the_interval(self):
        metrics = {"accuracy": 0.9, "macro_f1": 0.8, "macro_precision": 0.7, "macro_recall": 0.6}
        interval = {"accuracy_interval_low": 0.81, "accuracy_interval_high": 0.95}
        text = measures_table(
            {**metrics, **interval, "accuracy_interval_method": "groups", "num_test_videos": 40}
        )
        assert "| accuracy | 0.900 | 0.810 to 0.950 (groups) |" in text.splitlines()
        assert "| test videos | 40 |  |" in text.splitlines()

    def test_confusion_matrix(self):
        answers = pd.DataFrame({"label": ["a", "a", "b"], "predicted": ["a", "b", "b"]})
        assert confusion_matrix(answers).splitlines() == [
            "|  | a | b |",
            "| --- | --- | --- |",
            "| **a** | 1 | 1 |",
            "| **b** | 0 | 1 |",
        ]

    def test_no_cell_breaks_out_of_its_table(self):
        assert markdown_table(["a"], [["x | y\nz"]]).splitlines()[-1] == "| x \\| y z |"


def test_what_came_is_told_in_one_line():
    aside = (
        SetAside("walk/1.mp4", "walk", "00", "is short"),
        SetAside("walk/2.mp4", "walk", "01", "is black"),
    )
    assert summary(TakenIn()) == "0 taken in"
    assert summary(TakenIn(("walk/3.mp4",), aside, (("x", "changed 1 s ago"),))) == (
        "1 taken in, 2 set aside (is short, and others), 1 left (changed 1 s ago)"
    )
    assert json.dumps(TakenIn(set_aside=aside).as_json())
