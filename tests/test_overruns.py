"""Letters that run out of a balloon: in the others' ink, and seen."""

import numpy as np
import pytest

from mangaclean import overruns
from mangaclean.blocks import Place
from mangaclean.types import Image, Mask

EM = 20.0


def text(edge: int = 110) -> tuple[Image, Mask]:
    """Thin black letters with soft edges in the left half of a page, where the balloon is, and their pixels."""
    page = np.full((60, 200, 3), 255, np.uint8)
    for left in range(10, 90, 20):
        page[20:40, left - 1 : left + 2] = edge
        page[20:40, left] = 0
    return page, page[..., 0] < 255


def place(seen: Mask, level: int = 250) -> Place:
    inside, lines = np.zeros((60, 200), bool), np.zeros((60, 200), bool)
    inside[:, :100] = True
    lines[15:45, 5:150] = True
    return Place(np.where(seen, np.uint8(level), np.uint8(0)), inside, lines, np.zeros_like(lines), EM, True)


def test_the_ink_of_thin_letters_is_that_of_their_middles() -> None:
    page, letters = text()
    far = 255 - page[..., 0]
    assert np.median(page[letters]) == 110
    ink = overruns.ink_in(page, letters, far, place(letters))
    assert ink is not None
    assert ink.tolist() == [0, 0, 0]


def test_a_text_that_stands_on_the_outline_alone_tells_no_ink() -> None:
    page, letters = text()
    letters[:] = False
    letters[20:40, 98:101] = True  # within 2 px of the balloon's edge
    page[letters] = 0
    assert overruns.ink_in(page, letters, 255 - page[..., 0], place(letters)) is None


@pytest.mark.parametrize(("shown", "goes"), [(1.0, True), (0.9, True), (0.6, False), (0.0, False)])
def test_what_lies_beyond_a_balloon_goes_if_the_network_shows_nearly_all_of_it(shown: float, goes: bool) -> None:
    page, _ = text()
    page[20:40, 120:123] = 0
    seen = np.zeros((60, 200), bool)
    seen[20 : 20 + round(20 * shown), 120:123] = True
    made = overruns.beyond(page, np.zeros(3, np.uint8), place(seen, 60))
    assert made[20:40, 120:123].all() == goes
    assert made.any() == goes


@pytest.mark.parametrize(("level", "goes"), [(250, True), (120, False)])
def test_a_dot_beyond_a_balloon_goes_if_the_network_is_sure_of_it(level: int, goes: bool) -> None:
    page, _ = text()
    page[36:39, 120:123] = 0
    made = overruns.beyond(page, np.zeros(3, np.uint8), place(page[..., 0] == 0, level))
    assert made[36:39, 120:123].all() == goes


def test_ink_of_another_colour_is_not_the_texts() -> None:
    page, _ = text()
    page[20:40, 120:123] = 110
    assert not overruns.beyond(page, np.zeros(3, np.uint8), place(page[..., 0] < 255)).any()


@pytest.mark.parametrize(
    ("left", "wide", "others", "goes"),
    [(120, 3, False, True), (155, 3, False, False), (120, 3, True, False), (105, 40, False, False)],
    ids=["a letter", "out of the lines", "in those of another text", "larger than letters are"],
)
def test_of_ink_beyond_a_balloon_the_texts_own_letters_go(left: int, wide: int, others: bool, goes: bool) -> None:
    page, _ = text()
    page[20:40, left : left + wide] = 0
    there = place(page[..., 0] == 0)
    there.others[:, 100:] = others
    assert overruns.beyond(page, np.zeros(3, np.uint8), there).any() == goes
