"""What methods without training make of a hole: the fills that a network weighs and corrects."""

import cv2
import numpy as np
from numpy.typing import NDArray

from mangaclean.engines import exemplar, fsr, inpaint
from mangaclean.types import Image, Mask

NAMES = ("navier-stokes", "frequency-selective", "exemplar", "exemplar of many patches")

Stack = NDArray[np.uint8]  # (H, W, 3 × len(NAMES))

_EXEMPLAR = 3 * NAMES.index("exemplar")  # its first channel in a stack


def stacked(image: Image, mask: Mask) -> Stack:
    """What each method makes of an image (H, W, 3) with holes (H, W); some of it is seen."""
    smooth, art = inpaint.smooth(image, mask, cv2.INPAINT_NS), inpaint.distinct_channels(image)
    waves = fsr.reconstruct(art, mask)
    made = waves, *(exemplar.refined(art, mask, waves, search) for search in (exemplar.SHARP, exemplar.BROAD))
    return np.concatenate([smooth, *(np.broadcast_to(fill, image.shape) for fill in made)], axis=2)


def guided(image: Image, mask: Mask, stack: Stack, painted: Image) -> Stack:
    """A stack whose patches of the surroundings are those that `painted` (H, W, 3), a better fill, suggests."""
    art = inpaint.distinct_channels(image)
    found = exemplar.refined(art, mask, painted[..., : art.shape[2]], exemplar.AGAIN)
    better = stack.copy()
    better[..., _EXEMPLAR : _EXEMPLAR + 3] = found
    return better
