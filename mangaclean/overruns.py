"""Letters that run out of their balloon, or into its outline."""

import numpy as np

from mangaclean import drawn, strokes
from mangaclean.blocks import Place
from mangaclean.pieces import pieces
from mangaclean.strokes import Levels, grown, ink_of, shrunk
from mangaclean.types import Image, Mask

INK, DOT = 60, 0.2  # levels off a text's ink, at most, of its letters beyond a balloon; em: what is less is dirt
WITHIN, GLIMPSED = 0.9, 0.8  # share of such a letter that lies in the lines, and of which the network shows a trace
NOTCH, STUB = 0.08, 0.35  # em: half the width of what letters cut into a balloon's inside; the size of an end in it


def ink_in(page: Image, found: Mask, far: Levels, place: Place) -> Levels | None:
    """The colour (3,) of a printed text's strokes, `found` (h, w); None where none stand clear of a balloon's outline.

    Their edges are ground as much as ink: the quarter that is farthest from the ground (`far`, (h, w), levels) tells.
    """
    if place.inside is None or not place.printed:
        return None
    letters = found & shrunk(place.inside, 2)
    if not letters.any():
        return None
    letters &= far >= np.percentile(far[letters], 75)
    colour: Levels = np.median(page[letters], axis=0).astype(np.uint8)
    return colour


def beyond(page: Image, ink: Levels | None, place: Place) -> Mask:
    """Letters of a printed text that runs out of its balloon, on any ground: in its lines, in the `ink` (3,) of others.

    Of what is as small as a dot, the network has to be sure.
    """
    if ink is None or place.inside is None or not (place.lines & ~place.inside).any():
        return np.zeros_like(place.lines)
    lines = place.near & ~place.others
    found = pieces((ink_of(page, ink) <= INK) & ~place.inside)
    more = (found.share(lines) > WITHIN) & (found.share(place.seen > drawn.TRACE) > GLIMPSED)
    sure = found.share(place.seen > drawn.SURE) > drawn.SURE_SHARE
    more &= (found.sides < strokes.LETTER * place.em) & (sure | (found.sides > DOT * place.em))
    return grown(found.those(more), 1) & ~place.inside


def ends(own: Mask, other: Mask, inside: Mask, em: float) -> Mask:
    """Ends of letters that run into a balloon's outline: ink that goes on from theirs, in a notch of its inside."""
    radius = max(round(NOTCH * em), 2)
    closed = shrunk(grown(inside | own, radius), radius)
    found = pieces(other & closed & ~inside)
    return found.those((found.count(grown(own, 1)) > 0) & (found.sides < STUB * em))
