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
        box, stamp = self._cut(stamp, left, top)
        part = self.image[box]
        before = part.copy()
        blend(part, stamp, tone)
        self._label(box, before, stamp > 40, label, outlined)

    def print_rim(self, stamp: Picture, place: tuple[int, int], rim: int, tone: Tone, label: int) -> None:
        """Print a stamp `rim` px wider all round, where the stamp itself will stand at `place`."""
        kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * rim + 1, 2 * rim + 1))
        wider = cv2.dilate(np.pad(stamp, rim), kernel).astype(np.uint8)
        self.print(wider, place[0] - rim, place[1] - rim, tone, label)

    def paste(self, piece: Picture, left: int, top: int, label: int) -> None:
        """Lay a piece (H, W, 4) RGBA on the page, and label what of it can be seen."""
        box, piece = self._cut(piece, left, top)
        part = self.image[box]
        before = part.copy()
        share = piece[:, :, 3:].astype(np.uint16)
        part[:] = ((part * (255 - share) + piece[:, :, :3] * share) // 255).astype(np.uint8)
        self._label(box, before, piece[:, :, 3] > 40, label, False)

    def _cut(self, stamp: Picture, left: int, top: int) -> tuple[tuple[slice, slice], Picture]:
        """Where on the page a stamp falls, and what of it falls on the page."""
        stamp = stamp[max(-top, 0) :, max(-left, 0) :]
        top, left = max(top, 0), max(left, 0)
        stamp = stamp[: max(self.labels.shape[0] - top, 0), : max(self.labels.shape[1] - left, 0)]
        return np.s_[top : top + stamp.shape[0], left : left + stamp.shape[1]], stamp

    def _label(
        self, box: tuple[slice, slice], before: Picture, marked: NDArray[np.bool_], label: int, outlined: bool
    ) -> None:
        if not marked.size:
            return
        if not outlined:  # a white rim on white ends nowhere; a black line under a black letter is no gap in it
            changed = (cv2.absdiff(self.image[box], before).max(2) > VISIBLE).astype(np.uint8)
            seen = cv2.morphologyEx(changed, cv2.MORPH_CLOSE, np.ones((GAP, GAP), np.uint8))
            marked = marked & (cv2.dilate(seen, np.ones((2 * MARGIN + 1, 2 * MARGIN + 1), np.uint8)) > 0)
        self.labels[box][marked] = self.labels[box][marked] & BALLOON | label
