"""Bubble-aware dilation: how far a mask grows round strokes."""

import numpy as np

from mangaclean.strokes import grown, shrunk
from mangaclean.types import Mask

DIRT = 4  # px beyond the soft edge to which a letter's JPEG dirt is taken
BLOCK = 7  # px round strokes beyond which there is none: blocks of JPEG are 8 px wide
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
