import numpy as np

from sora.live.overlay import draw_answer

PICTURE = np.full((240, 320, 3), 200, np.uint8)
ANSWER = {"label": "walk", "probabilities": {"run": 0.25, "walk": 0.75}, "warming_up": False}


def test_the_strip_shows_label_and_probability_and_leaves_the_rest():
    drawn = draw_answer(PICTURE, ANSWER)
    top = int(np.flatnonzero((drawn != PICTURE).any(axis=(1, 2)))[0])
    assert 180 < top < 239
    bar = (drawn[-1] != 50).any(axis=-1)
    assert (bar[:240].all(), bar[240:].any()) == (True, False)
    assert drawn[top:-2].max() > 220  # letters
    assert (PICTURE == 200).all()
    other = draw_answer(PICTURE, {**ANSWER, "label": "run"})
    assert (other != drawn).any()


def test_it_is_grey_while_warming_up_and_nothing_before_the_first_answer():
    early = draw_answer(PICTURE, {**ANSWER, "warming_up": True})
    assert 100 < early[-24:-2].max() < 180
    assert draw_answer(PICTURE, None) is PICTURE


def test_a_reason_is_drawn_where_there_is_no_label():
    drawn = draw_answer(PICTURE[:64, :64], {"error": "too dark", "warming_up": False})
    assert drawn[-16:-2].max() > 100
