"""Plain shapes: a bar, an oval or a plate that stands alone is no letter, whatever a network makes of it."""

from collections.abc import Sequence

import cv2
import numpy as np

from mangaclean.letters import DARK, LIGHT
from mangaclean.strokes import grown, shrunk
from mangaclean.traces import Traced
from mangaclean.types import Box, Image, Mask

SOME = 0.05  # share of a shape that is of one ink, at least, for that to tell
PART = 0.05  # of the largest piece: smaller ones are crumbs of it, and no dots
CONVEX = 0.8  # share of its convex hull that a plain shape fills, without its holes
BESIDE = 1.0  # of a shape's long side: how far off lettering is, at most, that it may be part of


def alone(image: Image, effects: Sequence[Traced], others: Sequence[Box]) -> list[bool]:
    """Which drawn effects of a page (H, W, 3) are plain shapes that stand alone: strokes for emphasis, wheels, screens.

    A `ー` or the dot of a `!` is as plain, and stands beside other lettering: an effect that is not plain, or a region
    at one of the boxes of `others`.
    """
    boxes = [traced.box for traced in effects]
    lonely = [is_plain(image[traced.window.slices], traced.strokes) for traced in effects]
    letters = [*others, *(box for box, plain in zip(boxes, lonely, strict=True) if not plain)]
    for letter in letters:  # grows as it is gone through: the second dot stands beside the first
        for i, box in enumerate(boxes):
            if lonely[i] and box.gap(letter) < BESIDE * max(box.width, box.height):
                lonely[i] = False
                letters.append(box)
    return lonely


def is_plain(page: Image, strokes: Mask) -> bool:
    """Whether strokes (h, w) on a page (h, w, 3) are one shape without notches, in black, in white, and in both.

    Of rimmed letters that run together, all that a network marks has such a shape; the ink within has not.
    """
    if not strokes.any():
        return False
    grey, inner = cv2.cvtColor(page, cv2.COLOR_RGB2GRAY), shrunk(strokes, 1)  # the soft edge says nothing
    inks = [ink for ink in (inner & (grey < DARK), inner & (grey > LIGHT)) if ink.sum() >= SOME * strokes.sum()]
    return all(map(_is_convex, [strokes, *inks]))


def _is_convex(ink: Mask) -> bool:
    """Whether a mask (h, w) has one large piece, and that no notches; holes do not count."""
    outlines, _ = cv2.findContours(grown(ink, 1).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    areas = [cv2.contourArea(outline) for outline in outlines]
    largest = max(areas)
    hull = cv2.contourArea(cv2.convexHull(outlines[areas.index(largest)]))
    return bool(sum(area >= PART * largest for area in areas) == 1 and largest >= CONVEX * hull)
