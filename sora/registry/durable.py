"""What is on the disk before the next step is taken, be it by the power going off."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sora import atomic
from sora.atomic import sync


@contextmanager
def new_folder(folder: Path) -> Iterator[Path]:
    """Yield a folder to fill; on success it becomes ``folder``, durably, in place of one that is there."""
    with atomic.replacing_folder(folder) as built:
        yield built
        for path in [*built.rglob("*"), built]:
            sync(path)
    sync(folder.parent)


def write_json(path: Path, value: dict[str, Any]) -> None:
    """Write ``value`` as indented JSON, atomically and durably; readers see the old file or the new one."""
    text = json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    with atomic.replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")
        sync(temporary)
    sync(path.parent)
