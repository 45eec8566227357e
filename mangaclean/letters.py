"""Whole letters: pieces of ink that a network marks for the most part are lettering to their edges."""

import cv2
import numpy as np
from numpy.typing import NDArray

from mangaclean.bubbles import components
from mangaclean.types import Image, Mask

DARK, LIGHT = 110, 190  # levels below and above which pixels are ink, or lettering left white
MOSTLY = 0.8  # share of a piece that is seen, from which all of it is lettering
SURE = 0.5  # share of it of which the network must be sure besides
LARGEST = 0.3  # of the page's short side: the long side of a letter, at most
LEAST = 40  # px: smaller pieces go by their own pixels


def whole(image: Image, levels: NDArray[np.uint8], marked: Mask, seen: int, sure: int) -> Mask:
    """`marked` (H, W), and the letters of a page (H, W, 3), whole, of which `levels` (H, W) shows the most part.

    `seen`, `sure`: levels from which lettering is seen, and from which the network is sure of it. What a network sees
    is softer than the page: letters fray at their ends, and where it hesitates, a mark breaks apart. Ink does not.
    """
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    out = marked.copy()
    for ink in (grey < DARK, grey > LIGHT):
        labels, stats = components(ink)
        fits = (stats[:, 4] >= LEAST) & (stats[:, 2:4].max(1) <= LARGEST * min(grey.shape))
        fits[0] = False
        for level, least in ((seen, MOSTLY), (sure, SURE)):
            fits &= np.bincount(labels[levels > level], minlength=len(stats)) >= least * stats[:, 4]
        out |= fits[labels]
    return out
