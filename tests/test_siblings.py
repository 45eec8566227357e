"""Letters of one coloured ink: what a network hesitates about, beside a letter that it is sure of."""

import numpy as np
import pytest

from mangaclean import drawn, regions, siblings
from mangaclean.config import SegmentConfig
from mangaclean.types import Finding, Image

BROWN, GREEN, YELLOW = (83, 44, 30), (40, 110, 60), (245, 210, 20)
SURE, FAINT = 240, 120
BARS = [(60 + 40 * n, 100, 80 + 40 * n, 160) for n in range(6)]  # left, top, right, bottom


def painted() -> Image:
    """A page (300, 400, 3) of colours that change from place to place."""
    noise = np.random.default_rng(3).integers(-14, 15, (300, 400, 3))
    return np.asarray(np.clip(noise + np.array((230, 150, 80)), 0, 255), np.uint8)


def lettered(colors: list[tuple[int, int, int]], levels: list[int]) -> tuple[Image, drawn.Levels]:
    """A page with a bar of each colour, and a network's map of which it shows each bar's middle."""
    image, seen = painted(), np.zeros((300, 400), np.uint8)
    for (left, top, right, bottom), color, level in zip(BARS, colors, levels, strict=False):
        image[top:bottom, left:right] = color
        seen[top + 2 : bottom - 2, left + 2 : right - 2] = level
    return image, seen


def raised(image: Image, seen: drawn.Levels) -> list[bool]:
    """Of which bars all pixels are sure."""
    levels = siblings.raised(image, seen)
    outside = np.ones_like(seen, bool)
    for left, top, right, bottom in BARS:
        outside[top:bottom, left:right] = False
    assert not levels[outside].any(), "art is raised"
    return [bool((levels[top:bottom, left:right] > drawn.SURE).all()) for left, top, right, bottom in BARS]


def test_letters_in_the_ink_of_a_sure_one_are_lettering_to_their_edges() -> None:
    assert raised(*lettered([BROWN] * 6, [FAINT, SURE, FAINT, FAINT, FAINT, FAINT])) == [True] * 6


def test_a_letter_that_the_network_does_not_show_goes_with_the_others_if_nothing_else_has_their_ink() -> None:
    image, seen = lettered([BROWN] * 6, [SURE, FAINT, FAINT, FAINT, FAINT, 0])
    assert raised(image, seen) == [True] * 6
    image[200:280, 40:260] = BROWN  # a floor
    assert raised(image, seen) == [True] * 5 + [False]


@pytest.mark.parametrize(
    ("colors", "levels"),
    [
        ([BROWN, GREEN, GREEN, GREEN], [SURE, FAINT, FAINT, FAINT]),
        ([BROWN] * 4, [FAINT] * 4),
        ([(20, 20, 20)] * 4, [SURE, FAINT, FAINT, FAINT]),
    ],
    ids=["another ink", "nothing is sure", "black, as lines of art are"],
)
def test_what_the_network_hesitates_about_stays(colors: list[tuple[int, int, int]], levels: list[int]) -> None:
    image, seen = lettered(colors, levels)
    assert np.array_equal(siblings.raised(image, seen), seen)


def test_ink_that_goes_on_beyond_what_the_network_shows_is_art() -> None:
    image, seen = lettered([BROWN] * 4, [SURE, FAINT, 0, 0])
    image[100:300, 100:400] = BROWN  # a coat that starts where the second letter would stand
    assert np.array_equal(siblings.raised(image, seen), seen)


@pytest.mark.parametrize(("fill", "goes"), [(YELLOW, True), (GREEN, False)])
def test_letters_that_the_network_shows_in_outline_go_with_a_sure_one_of_their_fill(fill, goes) -> None:
    image, seen = lettered([(20, 20, 20)] * 3, [SURE, FAINT, FAINT])
    fills = []
    for n, (left, top, right, bottom) in enumerate(BARS[:3]):
        image[top + 4 : bottom - 4, left + 4 : right - 4] = fill if n else YELLOW
        if n:
            seen[top + 6 : bottom - 6, left + 6 : right - 6] = 0
            fills.append((slice(top + 4, bottom - 4), slice(left + 4, right - 4)))
    levels = siblings.raised(image, seen)
    assert [bool((levels[fill] > drawn.SURE).all()) for fill in fills] == [goes] * 2
    for fill in fills:
        levels[fill] = seen[fill]
    assert (levels[:, BARS[1][0] :] == seen[:, BARS[1][0] :]).all(), "more than a fill is raised"


def test_a_letter_far_off_is_none_of_the_group() -> None:
    image, seen = lettered([BROWN] * 4, [SURE, FAINT, FAINT, FAINT])
    image[100:160] = painted()[100:160]
    seen[:] = 0
    for left, level in ((10, SURE), (340, FAINT), (370, FAINT)):
        image[100:120, left : left + 8] = BROWN
        seen[100:120, left : left + 8] = level
    assert np.array_equal(siblings.raised(image, seen), seen)


def test_an_effect_of_which_the_network_is_sure_in_part_is_cleaned_whole() -> None:
    image, seen = lettered([BROWN] * 6, [FAINT, SURE, FAINT, FAINT, FAINT, FAINT])
    finding = Finding((), np.zeros_like(seen), seen, np.zeros_like(seen))
    found = regions.detect(image, finding, SegmentConfig(keep=("other",)))
    assert [region.kind for region in found.regions] == ["sfx"]
    assert all(found.mask[top:bottom, left:right].all() for left, top, right, bottom in BARS)
