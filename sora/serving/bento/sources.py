"""Which files of this package the web service needs: what it imports, and what lies beside it."""

import ast
from collections.abc import Iterator
from pathlib import Path

_ENTRY = "sora.serving.service"
_FOLDER = "sora/serving"
# Imported inside functions that a server never calls: these build networks with Keras.
LEFT_OUT = frozenset(
    {
        "sora.apps.analysis.object_export",
        "sora.networks.applications",
        "sora.networks.efficientnet_lite",
    }
)


def service_sources(root: Path, entry: str = _ENTRY) -> tuple[str, ...]:
    """Return the files that a server of its own needs, sorted, as POSIX paths relative to ``root``.

    They are the modules that ``entry`` imports, directly or not, at the top or inside functions, but for
    those of ``LEFT_OUT``; and what is no Python in the folder of the service, such as its page.

    Args:
        root: the folder in which the package ``sora`` lies.
        entry: the full name of a module of the package.
    """
    found: set[str] = set()
    waiting = _files_of(root, entry)
    while waiting:
        file = waiting.pop()
        if file not in found:
            found.add(file)
            tree = ast.parse((root / file).read_text(encoding="utf-8"))
            waiting += [one for name, _ in imports(tree) for one in _files_of(root, name)]
    return tuple(sorted(found | _data(root)))


def imports(node: ast.AST, *, is_late: bool = False) -> Iterator[tuple[str, bool]]:
    """Yield the full name of each import outside ``TYPE_CHECKING``, and whether it is inside a function."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from ((alias.name, is_late) for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            yield from ((f"{child.module}.{alias.name}", is_late) for alias in child.names)
        elif not (isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test)):
            is_function = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef)
            yield from imports(child, is_late=is_late or is_function)


def _files_of(root: Path, name: str) -> list[str]:
    """Return the files that an import of ``name``, a module or something in one, runs; none of others."""
    parts = name.split(".")
    modules = [".".join(parts[:count]) for count in range(1, len(parts) + 1)]
    if parts[0] != "sora" or not LEFT_OUT.isdisjoint(modules):
        return []
    paths = [module.replace(".", "/") for module in modules]
    candidates = [f"{path}{end}" for path in paths for end in ("/__init__.py", ".py")]
    return [file for file in candidates if (root / file).is_file()]


def _data(root: Path) -> set[str]:
    paths = {path.relative_to(root) for path in (root / _FOLDER).rglob("*") if path.is_file()}
    return {
        path.as_posix()
        for path in paths
        if path.suffix not in (".py", ".pyc", ".md") and not any(part.startswith(".") for part in path.parts)
    }
