"""Holes too deep for a tile: their middle is painted on a smaller copy first, and the tiles do the rest."""

import math
from collections.abc import Callable

import cv2
import numpy as np

from mangaclean import tiles
from mangaclean.types import Box, Image, Mask

DEEP = 48  # px from the edge of a hole from which what stands there no longer tells what stands here
AROUND = 4  # times that: what the smaller copy shows round a hole


def deepen(image: Image, mask: Mask, paint: Callable[[Image, Mask], None]) -> Mask:
    """Paints the middles of deep holes coarsely into `image` (H, W, 3), in place; gives the mask (H, W) of the rest.

    `paint` paints, in place, a smaller copy of a hole and its surroundings, on which no hole is deep. Left is a belt
    along the edge of each hole; its painter sees the middle as if it were art, so that both sides lead into each other.
    Without deep holes the mask comes back as it is.
    """
    left = mask
    height, width = mask.shape
    for box in _candidates(mask):
        window = box.grown(AROUND * DEEP, width, height)
        hole = _alone(mask, box, window)
        far = cv2.distanceTransform(np.pad(hole.astype(np.uint8), 1, mode="edge"), cv2.DIST_L2, cv2.DIST_MASK_5)
        far = far[1:-1, 1:-1]
        scale = DEEP / 2 / float(far.max())
        if scale > 0.5:
            continue
        if left is mask:
            left = mask.copy()
        shape = max(math.ceil(window.width * scale), 1), max(math.ceil(window.height * scale), 1)
        middle = far > DEEP / 2
        del hole, far
        painted, covered = _smaller(image[window.slices], mask[window.slices], shape)
        paint(painted, covered)
        size = window.width, window.height
        for channel in range(3):  # one at a time, as in `_smaller`: a strip may be one hole
            large = cv2.resize(painted[..., channel], size, interpolation=cv2.INTER_CUBIC)
            image[window.slices][..., channel][middle] = large[middle]
        left[window.slices][middle] = False
    return left


def _smaller(image: Image, mask: Mask, shape: tuple[int, int]) -> tuple[Image, Mask]:
    """A copy of an image (H, W, 3) of which a mask (H, W) hides something, (width, height) px large; what it hides."""
    covered = cv2.resize(mask.astype(np.float32), shape, interpolation=cv2.INTER_AREA) > 0
    share = cv2.resize((~mask).astype(np.float32), shape, interpolation=cv2.INTER_AREA)
    small = np.empty((*covered.shape, 3), np.uint8)
    for channel in range(3):
        # What is hidden must not bleed into what is known beside it.
        known = np.where(mask, 0, image[..., channel]).astype(np.float32)
        mean = cv2.resize(known, shape, interpolation=cv2.INTER_AREA) / np.maximum(share, 1e-3)
        small[..., channel] = mean.round().clip(0, 255)
    return small, covered


def _candidates(mask: Mask) -> list[Box]:
    """Boxes of the components that are large enough to be deep somewhere."""
    found = []
    for top, bottom in tiles.bands(mask):
        if bottom - top <= 2 * DEEP:
            continue
        _, _, stats, _ = cv2.connectedComponentsWithStats(mask[top:bottom].astype(np.uint8), connectivity=8)
        for x, y, w, h, area in stats[1:].tolist():
            if min(w, h) > 2 * DEEP and area > 3 * DEEP**2:
                found.append(Box(x, top + y, x + w, top + y + h))
    return found


def _alone(mask: Mask, box: Box, window: Box) -> Mask:
    """The largest component within `box`, in the window."""
    labels, stats = cv2.connectedComponentsWithStats(mask[box.slices].astype(np.uint8), connectivity=8)[1:3]
    spans = (stats[1:, cv2.CC_STAT_WIDTH] == box.width) & (stats[1:, cv2.CC_STAT_HEIGHT] == box.height)
    own = np.zeros((window.height, window.width), bool)
    top, left = box.top - window.top, box.left - window.left
    own[top : top + box.height, left : left + box.width] = labels == 1 + int(np.argmax(spans))
    return own
