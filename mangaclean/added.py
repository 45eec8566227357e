"""Regions that a person added to text.json: which pixels in them are lettering."""

from typing import NamedTuple

import cv2
import numpy as np

from mangaclean import drawn, letters, masks
from mangaclean.pieces import pieces
from mangaclean.strokes import INK, Levels, ink_of, tone_of
from mangaclean.types import Box, Image, Line, Mask, Wish

FEWEST = 12  # px that the network must see, to be taken at its word
OWN = 0.75  # share of a piece of ink within the region, from which it is not what runs through it
ROUND = 1.0  # of the region's long side: how far beyond it ink is followed


class Found(NamedTuple):
    """What is to be erased for an added region, (h, w) in a window of the page, and how it was found."""

    window: Box
    mask: Mask
    how: str


def find(image: Image, wish: Wish, seen: Levels | None) -> Found:
    """The lettering of a page (H, W, 3) in a region that a person outlined; nothing outside the outline is marked.

    It is what the network sees there, `seen` (H, W) × 255, in whole letters; where it sees nothing, all ink inside.
    """
    height, width = image.shape[:2]
    window = wish.box.grown(round(ROUND * max(wish.box.width, wish.box.height)), width, height)
    if window.width <= 0 or window.height <= 0:
        return Found(Box(0, 0, 0, 0), np.zeros((0, 0), bool), "lies beside the page; nothing was erased")
    area = _area(wish, window)
    page = image[window.slices]
    how = "erased what the network sees in it"
    strokes = np.zeros_like(area)
    if seen is not None:
        near = seen[window.slices]
        strokes = (near > drawn.SEEN) & area
        if strokes.sum() >= FEWEST:
            strokes = letters.whole(page, np.where(area, near, 0), strokes, drawn.SEEN, drawn.SURE) & area
    if strokes.sum() < FEWEST:
        how = "the network sees no lettering in it; erased the ink inside"
        strokes = _ink(image, wish, window, area)
    if not strokes.any():
        return Found(window, strokes, "there is no ink in it; nothing was erased")
    sides = pieces(strokes).sides[1:]
    return Found(window, masks.dilated(strokes, np.zeros_like(strokes), float(np.median(sides))) & area, how)


def _area(wish: Wish, window: Box) -> Mask:
    out = np.zeros((window.height, window.width), np.uint8)
    # fillPoly draws the outline, too, and boxes are end-exclusive.
    box = wish.box
    if len(wish.outline) > 2:
        cv2.fillPoly(out, [np.array(wish.outline, np.int32) - np.array(window[:2], np.int32)], 1)
    inner = np.zeros_like(out, bool)
    top, left = max(box.top - window.top, 0), max(box.left - window.left, 0)
    inner[top : max(box.bottom - window.top, 0), left : max(box.right - window.left, 0)] = True
    return inner & (out > 0) if len(wish.outline) > 2 else inner


def _ink(image: Image, wish: Wish, window: Box, area: Mask) -> Mask:
    """Ink in an area of a window, without what only runs through: an outline of a balloon, a line of art."""
    box = wish.box.grown(0, image.shape[1], image.shape[0])
    corners = (box.left, box.top), (box.right - 1, box.top), (box.right - 1, box.bottom - 1), (box.left, box.bottom - 1)
    ink = ink_of(image[window.slices], tone_of(image, Line(corners))) > INK
    found = pieces(ink)
    own = found.those(found.share(area) > OWN) & area
    return own if own.any() else ink & area
