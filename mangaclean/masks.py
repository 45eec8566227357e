"""Bubble-aware dilation: how far a mask grows round strokes."""

import numpy as np

from mangaclean.pieces import pieces
from mangaclean.strokes import grown, shrunk
from mangaclean.types import Image, Mask

DIRT = 4  # px beyond the soft edge to which a letter's JPEG dirt is taken
BLOCK = 7  # px round strokes beyond which there is none: blocks of JPEG are 8 px wide
TONE, INK = 2, 40  # levels off a flat ground: what is none of its tone, and what is more than dirt
BEYOND = 8  # px past the blocks of JPEG, where the ground shows what it is without dirt
CLEANER = 4.0  # times as little as beside the letters is to be seen there, or what is there is no dirt
WINDOW = 6_000_000  # px of a window in which dirt is looked for; letters that fill more are seen from afar
ISLAND = 0.15  # em: the side of a square as large as what is left within letters on art, at most
RIM = 3  # px of a balloon's edge that dirt is not followed to: of them, the ground beside the mask is seen


def dilated(strokes: Mask, other: Mask, em: float, inside: Mask | None = None) -> Mask:
    """Grow strokes (h, w) to what is to be erased: their soft edge and, in a balloon, their dirt; no ink not theirs.

    The reach grows with the size of the lettering, `em` px. `other` ink (a balloon's outline, art) is spared with one
    pixel round it, its own soft edge. `inside` (h, w) is the balloon that the lettering stands in, if there is one.
    """
    reach = int(np.clip(round(0.07 * em) + 1, 2, 6))
    mask = grown(strokes, reach)
    if inside is not None:
        mask |= grown(strokes, min(reach + DIRT, BLOCK)) & shrunk(inside, RIM)
    return (mask & ~grown(other, 1)) | strokes


def without_islands(mask: Mask, em: float) -> Mask:
    """A mask (h, w) of letters on art with what little it leaves inside of them: rims of strokes, hardly any art."""
    rest = pieces(~mask, connectivity=4)
    return mask | rest.those(rest.inner & (rest.areas <= (ISLAND * em) ** 2))


def dirty(page: Image, strokes: Mask, mask: Mask, other: Mask) -> Mask:
    """The JPEG dirt (h, w) that a mask leaves of strokes on open ground: faint specks within their blocks.

    For flat grounds alone. In a balloon all that stands there may go, on open ground only what differs from its tone;
    and what goes on beyond the blocks, such as a light screentone, is no dirt.
    """
    dirt = np.zeros_like(mask)
    if mask.size > WINDOW:
        return dirt
    clear = ~(mask | grown(other, 1))
    blocks = grown(strokes, BLOCK) & clear
    around = grown(blocks, BEYOND) & clear & ~blocks
    if not blocks.any() or not around.any():
        return dirt
    ground = np.median(page[around], axis=0)

    def faint(where: Mask) -> Mask:
        off = np.abs(page[where] - ground).max(1)
        return np.asarray((off > TONE) & (off <= INK))

    found = faint(blocks)
    if faint(around).mean() * CLEANER <= found.mean():
        dirt[blocks] = found
    return dirt
