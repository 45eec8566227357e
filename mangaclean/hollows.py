"""The insides of hollow letters: what an outline encloses goes with it where it is the letter's own."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mangaclean.bubbles import placed
from mangaclean.letters import windows
from mangaclean.pieces import pieces
from mangaclean.strokes import grown
from mangaclean.types import Box, Image, Mask

LEAST = 30  # px: smaller insides are left to `masks.without_islands`
EVEN, LIKE = 16, 24  # levels off the inside's tone: of what is even, and of what has that tone, too
MOST, FEW = 0.7, 0.3  # share of the inside that is even, at least, and of the ground near it that has its tone, at most
NEAR = 40  # px round an inside in which the ground beyond the letter is looked at
RIMMED = 0.9  # share of what is erased round an inside that sound effects take, at least


def insides(image: Image, erased: Mask, effects: Sequence[tuple[Box, Mask]], largest: float) -> list[tuple[Box, Mask]]:
    """Windows of a page (H, W, 3) with the insides in them that sound effects leave, of all that is `erased` (H, W).

    `effects` are windows with what is erased in them, `largest` px the size of their letters, at most. A network sees
    the outline of a large hollow letter, and not always what it encloses. That is the letter's where it has one tone
    that the ground beyond has not; else it is what goes on behind the letter.
    """
    found = []
    for window in windows(erased):
        near = [(box, mask) for box, mask in effects if box.overlap(window)]
        if not near:
            continue
        rest = pieces(~erased[window.slices], connectivity=4)
        beyond = ~(erased[window.slices] | rest.those(rest.inner))
        fits = rest.inner & (rest.areas >= LEAST) & (rest.areas <= largest**2)
        for piece in np.flatnonzero(fits).tolist():
            local = rest.box(piece).grown(NEAR, window.width, window.height)
            place = local.moved(window.left, window.top)
            inside = rest.labels[local.slices] == piece
            rim = grown(inside, 2) & erased[place.slices]
            if _share(rim, place, near) > RIMMED and _is_own(image[place.slices], inside, beyond[local.slices]):
                found.append((place, inside))
    return found


def _share(rim: Mask, place: Box, effects: Sequence[tuple[Box, Mask]]) -> float:
    """What share of a rim (h, w) in a place on the page the masks of sound effects take."""
    taken = np.zeros_like(rim)
    for box, mask in effects:
        taken |= placed(mask, box, place)
    return float(taken[rim].mean()) if rim.any() else 0.0


def _is_own(page: Image, inside: Mask, beyond: Mask) -> bool:
    """Whether an inside (h, w) has a tone of its own, which the ground `beyond` the letter has not."""
    if not beyond.any():
        return False
    tone: NDArray[np.float64] = np.median(page[inside], axis=0)

    def with_it(where: Mask, levels: int) -> float:
        return float((np.abs(page[where] - tone).max(1) <= levels).mean())

    return with_it(inside, EVEN) > MOST and with_it(beyond, LIKE) < FEW
