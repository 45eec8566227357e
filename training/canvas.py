"""A picture of a page and its labels, drawn together: what is printed on one is marked on the other."""

import cv2
import numpy as np
from numpy.typing import NDArray

from training.art import Picture
from training.shapes import Tone, blend

Labels = NDArray[np.uint8]  # (H, W), a bit for each kind

VISIBLE = 10  # levels by which lettering differs from what it covers
GAP = 9  # px of ground as dark as a letter that are still the letter
MARGIN = 2  # px of a letter's rim that belong to it beyond where it can be seen: marks had better be wide than narrow

TYPESET, SFX, BALLOON, MIXED = 1, 2, 4, 8  # MIXED: lettering of the page is not told apart (it is all TYPESET)


class Canvas:
    """A page's picture (H, W, 3) and its labels (H, W)."""

    def __init__(self, width: int, height: int, ground: int) -> None:
        self.image = np.full((height, width, 3), ground, np.uint8)
        self.labels = np.zeros((height, width), np.uint8)

    def put_back(self, image: Picture, labels: Labels, where: NDArray[np.bool_]) -> None:
        """What stood there before, in another's picture and labels."""
        self.image[where], self.labels[where] = image[where], labels[where]

    def laid(self, stamp: Picture, left: int, top: int) -> Picture:
        """The stamp at its place on an empty page (H, W)."""
        page = np.zeros_like(self.labels)
        at = max(top, 0), max(left, 0)
        part = page[at[0] : top + stamp.shape[0], at[1] : left + stamp.shape[1]]
        part[:] = stamp[at[0] - top :, at[1] - left :][: part.shape[0], : part.shape[1]]
        return page

    def print(self, stamp: Picture, left: int, top: int, tone: Tone, label: int, *, outlined: bool = False) -> None:
        """Print a stamp, and label what of it can be seen; all of it where an outline tells how far it reaches."""
        cut_left, cut_top = max(-left, 0), max(-top, 0)
        stamp = stamp[cut_top:, cut_left:]
        box = np.s_[top + cut_top : top + cut_top + stamp.shape[0], left + cut_left : left + cut_left + stamp.shape[1]]
        part = self.image[box]
        stamp = stamp[: part.shape[0], : part.shape[1]]
        if not stamp.size:
            return
        before = part.copy()
        blend(part, stamp, tone)
        marked = stamp > 40
        if not outlined:  # a white rim on white ends nowhere; a black line under a black letter is no gap in it
            changed = (cv2.absdiff(part, before).max(2) > VISIBLE).astype(np.uint8)
            seen = cv2.morphologyEx(changed, cv2.MORPH_CLOSE, np.ones((GAP, GAP), np.uint8))
            marked &= cv2.dilate(seen, np.ones((2 * MARGIN + 1, 2 * MARGIN + 1), np.uint8)) > 0
        self.labels[box][marked] = self.labels[box][marked] & BALLOON | label
