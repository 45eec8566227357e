"""Bubble-aware dilation: how far a mask grows round strokes."""

import itertools
from collections.abc import Iterable

import cv2
import numpy as np
from numpy.typing import NDArray

from mangaclean import rims
from mangaclean.pieces import pieces
from mangaclean.strokes import grown, ink_of, shrunk
from mangaclean.types import Box, Image, Mask

DIRT = 4  # px beyond the soft edge to which a letter's JPEG dirt is taken
BLOCK = 7  # px round strokes beyond which there is none: blocks of JPEG are 8 px wide
BESIDE = 5  # the same, round the mask of letters on art, which reaches some px beyond the strokes
TONE, INK = 2, 40  # levels off a flat ground: what is none of its tone, and what is more than dirt
CELL, SMALL = 16, 10  # px: sides of the squares in which dirt on art is looked for, and of its specks, at most
BEYOND = 8  # px past the blocks of JPEG, where the ground shows what it is without dirt
SPECK = 0.5  # share of a speck that lies within them: what lies beyond for the most part is art
CLEANER = 4.0  # times as little as beside the letters is to be seen there, or what is there is no dirt
WINDOW = 6_000_000  # px of a window in which dirt is looked for; letters that fill more are seen from afar
TRACE = 0.12  # of what sets strokes off from art: what shows less of them is no more of their edge
DIRTIER = 1.5  # times as uneven as farther off, and TONE levels: what is near strokes, with JPEG's dirt
SURROUND, DEEP, NEXT = 5, 3, 7  # px: of art round an edge; of strokes' rim; the square in which the next px are seen
STRIP = 256  # rows of a window that are looked at together
ISLAND = 0.15  # em: the side of a square as large as what is left within letters on art, at most
RIM = 3  # px of a balloon's edge that dirt is not followed to: of them, the ground beside the mask is seen

Levels = NDArray[np.float32]


def dilated(strokes: Mask, other: Mask, em: float, inside: Mask | None = None) -> Mask:
    """Grow strokes (h, w) to what is to be erased: their soft edge and, in a balloon, their dirt; no ink not theirs.

    The reach grows with the size of the lettering, `em` px. `other` ink (a balloon's outline, art) is spared with one
    pixel round it, its own soft edge. `inside` (h, w) is the balloon that the lettering stands in, if there is one.
    """
    mask = grown(strokes, _reach(em))
    if inside is not None:
        mask |= grown(strokes, min(_reach(em) + DIRT, BLOCK)) & shrunk(inside, RIM)
    return (mask & ~grown(other, 1)) | strokes


def _reach(em: float) -> int:
    return int(np.clip(round(0.07 * em) + 1, 2, 6))


def on_art(page: Image, strokes: Mask, faint: Mask, em: float) -> Mask:
    """Grow strokes (h, w) on art (h, w, 3), where each pixel counts, no farther than their edge shows.

    `faint` (h, w): where a network sees as much as a trace of lettering. Within the reach that `dilated` has, that
    goes, too: ends and rims that the strokes lack. What strokes close in, and letters with a white rim, have all of
    that reach.
    """
    most = _reach(em)
    widest = grown(strokes, most)
    if rims.white(page, strokes):
        return widest
    mask = grown(strokes, edge(page, strokes, most)) | (grown(faint, 1) & widest)
    rest = pieces(~mask, connectivity=4)  # so small, and closed in: seldom art
    return mask | rest.those(rest.inner & (rest.count(~widest) == 0))


def edge(page: Image, strokes: Mask, most: int) -> int:
    """How many px round strokes (h, w) on a page (h, w, 3) more of them than a trace shows, and one; at most `most`.

    What stands at a distance is compared with what comes next on the way out, in shares of what sets the strokes off
    from their surroundings. Art passes under letters as it will, so on average it adds nothing. JPEG's dirt adds
    nothing on average, either: it shows where what is near strokes is less even than what is farther off.
    """
    near = 2 * (most + SURROUND) + 1
    shown, whole = np.zeros((2, most))
    uneven = np.zeros((most + 2, 256), np.int64)  # how many pixels are so many levels off, at each distance
    for top in range(0, len(strokes), STRIP):  # a window may be as large as the page
        first = max(top - near, 0)
        part, letters = page[first : top + STRIP + near].astype(np.float32), strokes[first : top + STRIP + near]
        if not letters.any():
            continue
        far = cv2.distanceTransform((~letters).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5)
        ink, inked = _mean(part, letters & ~shrunk(letters, DEEP), near)
        ground, grounded = _mean(part, (far > most + 1) & (far <= most + SURROUND), near)
        off = ink - ground
        known = inked & grounded
        known[: top - first] = known[top - first + STRIP :] = False  # other strips tell
        for at in range(most + 2):
            outer, there = _mean(part, (far > at + 1) & (far <= at + 3), NEXT)
            ring = (far > at) & (far <= at + 1) & known & there
            rest = part[ring] - outer[ring]
            uneven[at] += np.bincount(np.abs(rest).max(1).astype(np.uint8), minlength=256)
            if at < most:
                shown[at] += (rest * off[ring]).sum()
                whole[at] += np.square(off[ring]).sum()
    usual = (uneven.cumsum(1) * 2 < uneven.sum(1, keepdims=True)).sum(1)  # medians
    dirt = usual[:most] > DIRTIER * usual[most + 1] + TONE
    showing = (dirt | (np.abs(shown) > TRACE * np.maximum(whole, 1))).nonzero()[0]
    return min(int(showing[-1]) + 2 if len(showing) else 1, most)


def _mean(page: Levels, where: Mask, side: int) -> tuple[Levels, Mask]:
    """Means of what stands `where` (h, w) within squares of `side` px of a page (h, w, 3), and where there are any."""
    size, border = (side, side), cv2.BORDER_CONSTANT
    count = cv2.boxFilter(where.astype(np.float32), -1, size, normalize=False, borderType=border)
    total = cv2.boxFilter(page * where[..., None], -1, size, normalize=False, borderType=border)
    return np.asarray(total / np.maximum(count, 1)[..., None], np.float32), np.asarray(count > 0.5)


def without_islands(mask: Mask, em: float) -> Mask:
    """A mask (h, w) of letters on art with what little it leaves inside of them: rims of strokes, hardly any art."""
    rest = pieces(~mask, connectivity=4)
    return mask | rest.those(rest.inner & (rest.areas <= (ISLAND * em) ** 2))


def dirty(page: Image, strokes: Mask, mask: Mask, other: Mask) -> Mask:
    """The JPEG dirt (h, w) that a mask leaves of strokes on open ground: faint specks within their blocks.

    For flat grounds alone. In a balloon all that stands there may go, on open ground only what differs from its tone;
    and what goes on beyond the blocks, such as a light screentone, or is the soft edge of other ink, is no dirt.
    """
    if mask.size > WINDOW:
        return np.zeros_like(mask)
    return _specks(page, mask, grown(strokes, BLOCK), grown(other, 1))


def dirty_places(page: Image, mask: Mask, windows: Iterable[Box]) -> list[tuple[Box, Mask]]:
    """The same of letters on art in windows of a page (H, W, 3), where the ground beside them has one tone, as paper.

    `mask` (H, W) is what is erased. Returns places on the page and the specks in them.
    """
    found = []
    height, width = mask.shape
    for row, column in sorted(set(itertools.chain.from_iterable(map(_cells, windows)))):
        cell = Box(column * CELL, row * CELL, (column + 1) * CELL, (row + 1) * CELL).common(Box(0, 0, width, height))
        around = cell.grown(BLOCK + BEYOND, width, height)
        hidden = mask[around.slices]
        if hidden.any():
            specks = pieces(_specks(page[around.slices], hidden, grown(hidden, BESIDE), np.zeros_like(hidden)))
            small = specks.those(specks.sides <= SMALL)
            found.append((cell, small[cell.moved(-around.left, -around.top).slices]))
    return found


def _cells(window: Box) -> Iterable[tuple[int, int]]:
    """Row and column of the squares of CELL px that a window of the page reaches into."""
    rows, columns = (
        range(window.top // CELL, -(-window.bottom // CELL)),
        range(window.left // CELL, -(-window.right // CELL)),
    )
    return itertools.product(rows, columns)


def _specks(page: Image, mask: Mask, near: Mask, other: Mask) -> Mask:
    """Faint specks `near` a mask (h, w), where the ground farther off has none.

    `other` (h, w) is what is no ground.
    """
    none = np.zeros_like(mask)
    clear = ~(mask | other)
    blocks = near & clear
    around = grown(blocks, BEYOND) & clear & ~blocks
    if not blocks.any() or not around.any():
        return none
    off = ink_of(page, np.median(page[around], axis=0).astype(np.uint8))
    inked = (off > INK) & ~mask
    farther = around & ~grown(inked, BLOCK)  # what stands there has dirt of its own
    around = farther if farther.any() else around
    faint = ~mask & (off > TONE) & (off <= INK)
    if faint[around].mean() * CLEANER > faint[blocks].mean():
        return none
    specks = pieces(faint)
    soft_edges = specks.count(grown(inked, 1)) > 0
    return specks.those((specks.share(blocks) >= SPECK) & ~soft_edges) & blocks
