"""How the pointer moves: under one lock, and with all that follows from it put right before and after."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sora import layout
from sora.errors import SoraError
from sora.registry import durable
from sora.registry.entries import remove_leftovers
from sora.registry.events import record_pointer
from sora.registry.lock import only_writer
from sora.registry.pointer import POINTER, Pointer, read_pointer
from sora.registry.revision import SERVING_REF, Repository


@dataclass(frozen=True)
class Writing:
    """A registry that nobody else writes.

    Attributes:
        registry: its folder.
        repository: git's, of the project.
        pointer: what serves; None where nothing does.
    """

    registry: Path
    repository: Repository
    pointer: Pointer | None

    def put_right(self) -> tuple[str, ...]:
        """Bring what follows from ``pointer`` up to date; give what could not be, a sentence each."""
        return _derive(self.registry, self.repository, self.pointer)


@contextmanager
def writing(project: Path) -> Iterator[Writing]:
    """Hold the registry of a project, after what a killed process left half-done was removed.

    What follows from the pointer is put right by who moves it, or by ``put_right``: it takes a second.

    Raises:
        SoraError: the project is in no git repository, or the pointer or the journal is damaged.
        OSError: the disk has no room for the journal.
    """
    registry = project / layout.REGISTRY
    with only_writer(registry) as lock:
        repository = Repository(project, lock)
        remove_leftovers(registry)
        pointer = read_pointer(registry)
        if pointer:
            record_pointer(registry, pointer)  # else the next change would leave a gap in the history
        yield Writing(registry, repository, pointer)


def repair(project: Path) -> tuple[str, ...]:
    """Put right what a killed process left half-done; give what could not be, a sentence each.

    Raises:
        SoraError, OSError: as ``writing``.
    """
    with writing(project) as held:
        return held.put_right()


def move_pointer(held: Writing, pointer: Pointer) -> tuple[str, ...]:
    """Let another version serve: the one step that counts. Give what of the rest could not follow."""
    durable.write_json(held.registry / POINTER, pointer.as_json())
    return _derive(held.registry, held.repository, pointer)


def _derive(registry: Path, repository: Repository, pointer: Pointer | None) -> tuple[str, ...]:
    """Bring the journal, git's refs and BentoML's store to what ``pointer`` says; give what failed.

    The model serves whatever becomes of these, so that a failure is told and not raised.
    """
    if pointer is None:
        return ()
    tag, commit = f"refs/tags/{pointer.tag}", pointer.commit
    steps: dict[str, Callable[[], object]] = {
        "the journal": lambda: record_pointer(registry, pointer),
        f"git's {tag}": lambda: repository.point(tag, commit, may_move=False),
        f"git's {SERVING_REF}": lambda: repository.point(SERVING_REF, commit, may_move=True),
        "BentoML's store": lambda: _store_bento(registry / pointer.bento),
    }
    return tuple(failure for name, step in steps.items() if (failure := _failure(name, step)))


def _failure(name: str, step: Callable[[], object]) -> str:
    try:
        step()
    except (SoraError, OSError) as error:
        return f"{name} is behind ({error}); the next sora promote or sora rollback puts it right"
    return ""


def _store_bento(export: Path) -> None:
    from sora.serving.bento.store import ensure_in_store

    ensure_in_store(export)
