"""Bubble-aware dilation: how far a mask grows round strokes."""

import numpy as np

from mangaclean.strokes import Levels, grown
from mangaclean.types import Mask

DIRT = 3  # levels from the ground's tone from which a pixel near a letter in a balloon is its dirt
BLOCK = 4  # px beyond the soft edge to which a letter's JPEG dirt is taken


def dilated(strokes: Mask, other: Mask, far: Levels, em: float, *, balloon: bool) -> Mask:
    """Grow strokes (h, w) to what is to be erased: their soft edge and dirt, but never ink that is not theirs.

    The reach grows with the size of the lettering, `em` px; `far` is the distance from the ground's tone in levels.
    `other` ink (a balloon's outline, art) is spared with one pixel round it, its own soft edge.
    """
    reach = int(np.clip(round(0.07 * em) + 1, 2, 6))
    mask = grown(strokes, reach)
    if balloon:
        mask |= grown(strokes, reach + BLOCK) & (far > DIRT)
    return (mask & ~grown(other, 1)) | strokes
