import subprocess
import sys
from pathlib import Path
from typing import Annotated, Any

import annotated_types
import pytest
from pydantic import TypeAdapter, ValidationError

from sora.frames import bounds

ROOM = Path(bounds.__file__).parent


def answer(kind: Any, value: float) -> Any:
    """Give what pydantic reads, or what it says is wrong."""
    try:
        return TypeAdapter(kind).validate_json(str(value), strict=True)
    except ValidationError as error:
        return error.errors(include_url=False)


@pytest.mark.parametrize("name", ["Ge", "Gt", "Le", "Lt"])
@pytest.mark.parametrize(("number", "values"), [(int, (1, 2, 3, 2.5)), (float, (1.75, 2.0, 2.25))])
def test_pydantic_reads_them_as_those_of_annotated_types(name: str, number: type, values: tuple):
    ours, theirs = (Annotated[number, getattr(module, name)(2)] for module in (bounds, annotated_types))
    answers = [answer(ours, value) for value in values]
    assert answers == [answer(theirs, value) for value in values]
    assert any(isinstance(each, list) for each in answers)


def test_two_bounds_hold_together():
    share = Annotated[float, bounds.Ge(0), bounds.Le(1)]
    assert [type(answer(share, value)) for value in (-0.1, 0.0, 1.0, 1.1)] == [list, float, float, list]


def test_the_room_needs_numpy_and_opencv_alone():
    modules = ", ".join(f"sora.frames.{path.stem}" for path in ROOM.glob("*.py") if path.stem != "__init__")
    code = f"import sys, cv2; known = {{*sys.modules}}; import {modules}; print(*sys.modules.keys() - known)"
    run = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    loaded = {name.partition(".")[0] for name in run.stdout.split()}
    packages = {name for name in loaded - sys.stdlib_module_names if "cython" not in name}  # NumPy's own
    assert packages <= {"sora", "numpy", "cv2"}
