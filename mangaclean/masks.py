"""Bubble-aware dilation: how far a mask grows round strokes."""

import numpy as np

from mangaclean.strokes import grown
from mangaclean.types import Mask

BLOCK = 4  # px beyond the soft edge to which a letter's JPEG dirt is taken


def dilated(strokes: Mask, other: Mask, em: float, *, balloon: bool) -> Mask:
    """Grow strokes (h, w) to what is to be erased: their soft edge and, in a balloon, their dirt; no ink not theirs.

    The reach grows with the size of the lettering, `em` px. `other` ink (a balloon's outline, art) is spared with one
    pixel round it, its own soft edge.
    """
    reach = int(np.clip(round(0.07 * em) + 1, 2, 6))
    mask = grown(strokes, reach + BLOCK if balloon else reach)
    return (mask & ~grown(other, 1)) | strokes
