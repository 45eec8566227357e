"""Letters of one ink: what a network hesitates about is lettering where the letter beside it has the same colour."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np

from mangaclean.bubbles import closed
from mangaclean.drawn import SEEN, SURE, TRACE
from mangaclean.letters import windows
from mangaclean.pieces import Pieces, pieces
from mangaclean.strokes import Levels, grown, ink_of
from mangaclean.types import Box, Image

LEAST = 40  # px: smaller marks have no colour of their own
COLORED = 25  # levels between channels, at least: black and white are the ink of art, too
ALIKE = 20  # levels between two colours, in the channel that differs most, at most
EVEN, BEYOND = 0.4, 0.15  # share of a letter that is of its colour, at least, and of what is round it, at most
FILL = 0.3  # of a mark: what is coloured within it, at least, to be the fill of an outlined letter
BIN = 32  # levels of a channel that are one to a tally of colours
NEAR, LARGER = 1.5, 8.0  # times a letter's size: how far off, and how much larger or smaller its neighbours are
FIRM = 0.5  # share of a mark, or of the letters of a group, of which the network is sure by itself
SHOWN, GLIMPSED = 0.6, 0.25  # share of a piece of ink that is shown: of a letter by itself, and of one among others
OWN = 0.8  # share of a colour that is shown near a group, from which nothing but its letters has it
ROOM = 6  # px round a mark in which its ground is looked at


@dataclass(frozen=True, slots=True, eq=False)
class Letter:
    """A mark's box, its colour (3,), and whether the network is sure of it."""

    box: Box
    color: Levels
    firm: bool

    @property
    def size(self) -> int:
        return max(self.box.width, self.box.height)

    def goes_with(self, other: "Letter") -> bool:
        """Whether two letters stand close by each other, in one ink."""
        small, large = sorted((self.size, other.size))
        if self.box.gap(other.box) > NEAR * large or large > LARGER * small:
            return False
        return bool((np.abs(self.color.astype(np.int16) - other.color) <= ALIKE).all())


def raised(image: Image, levels: Levels) -> Levels:
    """What a network shows (H, W) of a page (H, W, 3), and surely the letters in the ink of one beside them.

    Coloured ink alone tells letters from art, where it is even and ends with the letter; of an outlined letter it is
    the ink of its fill.
    """
    letters = []
    for window in windows(levels > SEEN):
        found = pieces(levels[window.slices] > SEEN)
        firm = found.share(levels[window.slices] > SURE) >= FIRM
        large = [i for i in range(1, len(found)) if found.areas[i] >= LEAST]
        maybe = (_letter(image, levels, found, i, window, bool(firm[i])) for i in large)
        letters += [letter for letter in maybe if letter]
    out = levels
    for group in _groups(letters):
        if sum(letter.firm for letter in group) <= FIRM * len(group):
            out = out.copy() if out is levels else out
            _raise(out, image, levels, group)
    return out


def _letter(image: Image, levels: Levels, of: Pieces, piece: int, within: Box, firm: bool) -> Letter | None:
    """A mark, one of the pieces within a window, if its ink is coloured and even and ends with it."""
    local = of.box(piece).grown(ROOM, within.width, within.height)
    window = local.moved(within.left, within.top)
    page, shown = image[window.slices], levels[window.slices]
    mark = of.labels[local.slices] == piece
    fill = closed(mark, local).inside & (page.max(2) - page.min(2) >= COLORED)  # of an outline that is shown alone
    for core in (mark & (shown >= np.median(shown[mark])), fill):
        if core.sum() < FILL * mark.sum():
            continue
        color = _color(page[core])
        like = ink_of(page, color) <= ALIKE
        if color.max() - color.min() >= COLORED and like[core].mean() >= EVEN:
            break
    else:
        return None
    ink = pieces(like)
    letter = mark | core | ink.those((ink.count(mark) > 0) & (ink.share(shown > TRACE) >= SHOWN))
    ring = grown(letter, ROOM - 1) & ~letter
    if not ring.any() or like[ring].mean() > BEYOND:
        return None
    return Letter(of.box(piece).moved(within.left, within.top), color, firm)


def _color(pixels: Levels) -> Levels:
    """The colour (3,) that most of some pixels (n, 3) have; there is none of it where an edge blends two."""
    tally = np.ravel_multi_index((pixels // BIN).T, (256 // BIN,) * 3)
    most = pixels[tally == np.bincount(tally).argmax()]
    color: Levels = np.median(most, axis=0).astype(np.uint8)
    return color


def _groups(letters: Sequence[Letter]) -> list[list[Letter]]:
    """Letters of one ink that stand close by each other, of which one is firm at least."""
    rest = list(letters)
    groups = []
    for first in letters:
        if not first.firm or first not in rest:
            continue
        group = [first]
        rest.remove(first)
        for letter in group:  # grows as it is gone through
            near = [other for other in rest if other.goes_with(letter)]
            rest = [other for other in rest if other not in near]
            group += near
        groups.append(group)
    return groups


def _raise(out: Levels, image: Image, levels: Levels, group: Sequence[Letter]) -> None:
    """Raises the ink of a group's letters, and of those beside them that the network hardly shows."""
    around = reduce(Box.union, (letter.box for letter in group))
    sizes = sorted(letter.size for letter in group)
    window = around.grown(sizes[-1], image.shape[1], image.shape[0])
    color: Levels = np.median([letter.color for letter in group], axis=0).astype(np.uint8)
    ink = pieces(ink_of(image[window.slices], color) <= ALIKE)
    inked = ink.areas >= LEAST
    inked[0] = False
    fits = inked & (ink.sides <= NEAR * sizes[-1])
    shown = fits & (ink.share(levels[window.slices] > TRACE) >= GLIMPSED)
    close = around.grown(sizes[len(sizes) // 2], window.right, window.bottom).moved(-window.left, -window.top)
    among = np.unique(ink.labels[close.slices])
    among = among[inked[among]]
    if ink.areas[among[shown[among]]].sum() >= OWN * ink.areas[among].sum():
        shown[among] |= fits[among]
    out[window.slices][ink.those(shown)] = 255
