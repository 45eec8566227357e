"""Whole letters: pieces of ink that a network marks for the most part are lettering to their edges."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from mangaclean import drawn, masks, rims
from mangaclean.bubbles import cells, placed
from mangaclean.pieces import Pieces, pieces
from mangaclean.strokes import Levels, grown, half_thickness
from mangaclean.types import Box, Image, Mask

DARK, LIGHT = 110, 190  # levels below and above which pixels are ink, or lettering left white
BLACK = 48  # levels below which they are a letter's ink where art is dark, too
MOSTLY = 0.8  # share of a piece that is seen, from which all of it is lettering
SURE = 0.5  # share of it of which the network must be sure besides
LARGEST = 0.3  # of the page's short side: the long side of a letter, at most
CELL = 0.05  # of the page's short side: the room round what is marked, at least
LEAST = 40  # px: smaller pieces go by their own pixels
TORN, GLIMPSED = 0.3, 0.25  # share of a piece that is erased, and that is seen, from which the rest goes, too
MOSTLY_GONE = 0.95  # share of a stroke that is erased, from which others of its letter are looked for
GAP, ALIKE, THIN = 0.6, 1.6, 0.6  # of the size of that letter's next stroke: how far off, how large and how thick it is
SHOWN = 0.6  # share of a piece that is seen, from which lines of art may run past it, and it may be a letter's dot
SMALL = 0.05  # of the page's short side: the long side of such a letter, at most; large ones hang together with art
SPARSE = 1 / 30  # of the square of its long side: a piece that covers less is a line of art, an outline or a frame
ROOM = 12  # px round a piece in which its ground is looked at, and its mask grows
QUIET = 12.0  # standard deviation of the ground round it, in levels, at most: elsewhere art runs into letters
HALF, SURELY = 0.45, 0.1  # of a letter torn on any ground: share that is seen and erased, and sure, at least
HINTED = 0.4  # share of what is left of such a letter of which the network shows a trace, at least
OUTLINE = 3  # px by which the black outline of a white letter may be wider than its soft edge
FEWEST = 24  # px of ground round a piece that must be free of other ink


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """A window of a page (h, w, 3), what a network shows there (h, w), and what is erased of it (h, w)."""

    page: Image
    levels: Levels
    erased: Mask
    short: int  # px of the page's short side


def whole(image: Image, levels: Levels, marked: Mask, seen: int, sure: int) -> Mask:
    """`marked` (H, W), and the letters of a page (H, W, 3), whole, of which `levels` (H, W) shows the most part.

    `seen`, `sure`: levels from which lettering is seen, and from which the network is sure of it. What a network sees
    is softer than the page: letters fray at their ends, and where it hesitates, a mark breaks apart. Ink does not.
    """
    out = marked.copy()
    short = min(levels.shape)
    for window in windows(levels > seen):
        at = window.slices
        for letters in (_dark(image[at], DARK), _light(image[at])):
            ink = pieces(letters)
            fits = (ink.areas >= LEAST) & (ink.sides <= LARGEST * short) & ~_cut(ink, window, levels.shape)
            for level, least in ((seen, MOSTLY), (sure, SURE)):
                fits &= ink.count(levels[at] > level) >= least * ink.areas
            out[at] |= ink.those(fits)
            del ink  # its labels weigh more than the page, and the next ones are made before they are let go
    return out


def left_over(
    image: Image, levels: Levels, erased: Mask, kept: Sequence[tuple[Box, Mask]], seen: int
) -> list[tuple[Box, Mask]]:
    """What is left of letters of a page (H, W, 3) of which `erased` (H, W) holds a part.

    Half a letter is worse than a whole one: a network sees the head of a long `ー` and not its tail, or one stroke of
    `い` and not the other, or is surer of `!` than of its dot. On other than quiet ground art runs into letters: there
    only letters that are gone for the most part go whole, where the network shows a trace of the rest, or they have a
    white rim; white letters, too, and black ones on dark art. `kept` are the strokes of lettering that stays. Returns
    windows of the page with what is to be erased in them.
    """
    left = []
    for window in windows(erased):
        part = _Part(image[window.slices], levels[window.slices], erased[window.slices], min(levels.shape))
        stay = [(box.common(window), box, strokes) for box, strokes in kept if window.overlap(box)]
        for ink, torn, outlined in (
            (_dark(part.page, DARK), _torn_dark, False),
            (_dark(part.page, BLACK), _half_gone, False),
            (_light(part.page), _half_gone, True),
        ):
            found = pieces(ink)
            fits = (found.areas >= LEAST) & (found.sides <= LARGEST * part.short) & ~_cut(found, window, levels.shape)
            fits &= found.areas >= SPARSE * found.sides**2
            for both, box, strokes in stay:
                fits[found.labels[both.moved(-window.left, -window.top).slices][placed(strokes, box, both)]] = False
            fits[0] = False
            for label in torn(part, found, fits, seen):
                near = found.box(label).grown(ROOM, window.width, window.height)
                piece = found.labels[near.slices] == label
                mask = masks.dilated(piece, ink[near.slices] & ~piece, int(found.sides[label]))
                if outlined:  # a thick outline reaches farther than a soft edge
                    mask |= grown(_dark(part.page[near.slices], BLACK) & grown(mask, OUTLINE), 1)
                left.append((near.moved(window.left, window.top), mask))
            del found  # its labels weigh more than the page
    return left


def _torn_dark(part: _Part, found: Pieces, fits: NDArray[np.bool_], seen: int) -> Iterator[int]:
    """Which pieces of dark ink go: torn ones and those beside them on quiet ground, on any other what is half gone."""
    shown, gone = found.share(part.levels > seen), found.share(part.erased)
    halves = _halves(part, found, seen)
    for label in _torn_or_beside(found, fits, shown, gone, part.levels):
        near = found.box(label).grown(ROOM, *part.erased.shape[::-1])
        page = part.page[near.slices]
        piece = found.labels[near.slices] == label
        other = (found.labels[near.slices] > 0) & ~piece
        ring = grown(piece, 4) & ~grown(piece, 2)
        if shown[label] >= SHOWN and found.sides[label] <= SMALL * part.short:
            ring &= ~grown(other, 2)
        quiet = ring.sum() >= FEWEST and page[ring].std(0).max() <= QUIET
        if quiet or (halves[label] and (_hinted(part, near, piece) or rims.white(page, piece))):
            yield label


def _half_gone(part: _Part, found: Pieces, fits: NDArray[np.bool_], seen: int) -> Iterator[int]:
    """Which pieces of ink go that are half gone, on any ground, as the network shows a trace of the rest."""
    torn = fits & _halves(part, found, seen) & (found.share(part.erased) < 1)
    for label in np.flatnonzero(torn).tolist():
        near = found.box(label)
        if _hinted(part, near, found.labels[near.slices] == label):
            yield label


def _halves(part: _Part, found: Pieces, seen: int) -> NDArray[np.bool_]:
    """Which pieces are seen and erased by half, and surely lettering in part."""
    halves = (found.share(part.levels > seen) >= HALF) & (found.share(part.erased) >= HALF)
    return np.asarray(halves & (found.share(part.levels > drawn.SURE) >= SURELY))


def _hinted(part: _Part, at: Box, piece: Mask) -> bool:
    """Whether a network's map shows a trace of what is left of a letter (h, w) at a box of a part."""
    rest = piece & ~part.erased[at.slices]
    return bool(rest.any() and (part.levels[at.slices][rest] > drawn.TRACE).mean() >= HINTED)


def _torn_or_beside(
    ink: Pieces, fits: NDArray[np.bool_], shown: NDArray[np.float64], gone: NDArray[np.float64], levels: Levels
) -> list[int]:
    """Which pieces of ink, of those that fit (n,), are erased in part, or are strokes of letters that are.

    `shown`, `gone` (n,): the share of each that is seen, and that is erased.
    """
    torn = fits & (gone > TORN) & (gone < 1) & (shown >= GLIMPSED)
    beside = fits & (gone <= TORN) & (ink.count(levels > drawn.TRACE) > 0)
    erased_ones = (gone > MOSTLY_GONE) & (ink.areas >= LEAST)
    erased_ones[0] = False
    return [
        piece
        for piece in np.flatnonzero(torn | beside).tolist()
        if torn[piece] or _goes_with(piece, ink, erased_ones, bool(shown[piece] >= SHOWN))
    ]


def _goes_with(piece: int, ink: Pieces, those: NDArray[np.bool_], dot: bool) -> bool:
    """Whether a piece of ink is a stroke of the same letter as the next of `those`: close, and like it.

    A `dot` is smaller.
    """
    size = int(ink.sides[piece])
    height, width = ink.labels.shape
    here = ink.labels[ink.box(piece).grown(2 * size, width, height).slices]
    others = those[here]
    if not others.any():
        return False
    far = cv2.distanceTransform((here != piece).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5)
    nearest = int(here[others][far[others].argmin()])
    other = int(ink.sides[nearest])
    if far[others].min() > GAP * other or size > ALIKE * other:
        return False
    if size * ALIKE < other:
        return dot
    thick = half_thickness(ink, piece) / half_thickness(ink, nearest)
    return THIN < thick < 1 / THIN


def _cut(ink: Pieces, window: Box, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Which pieces end at a side of the window that is no edge of the page."""
    left, top, width, height = ink.extents.T
    cut = ((left == 0) & (window.left > 0)) | ((top == 0) & (window.top > 0))
    cut |= (left + width == window.width) & (window.right < shape[1])
    cut |= (top + height == window.height) & (window.bottom < shape[0])
    return np.asarray(cut)


def _dark(image: Image, below: int) -> Mask:
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) < below)


def _light(image: Image) -> Mask:
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) > LIGHT)


def windows(marked: Mask) -> list[Box]:
    """Boxes round all that is marked (H, W), with a cell or two of room; a page has ink where nothing is lettering."""
    height, width = marked.shape
    cell = max(round(CELL * min(height, width)), 1)
    boxes = pieces(cells(marked, cell)).extents[1:] * cell
    return [Box(x, y, min(x + wide, width), min(y + high, height)) for x, y, wide, high in boxes.tolist()]
