"""The connected pieces of a mask: where each lies, how large it is, and how much of it another mask holds."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from mangaclean.types import Box, Mask

ROWS = 256  # of a page, that are looked at together: numpy widens what it indexes with


@dataclass(frozen=True, slots=True, eq=False)
class Pieces:
    """Pieces 1 … n-1 of a mask; piece 0 is what is not marked.

    `labels` (H, W) tells to which piece a pixel belongs; `extents` (n, 4) are left, top, width and height in px,
    `areas` (n,) pixels, at least 1.
    """

    labels: NDArray[np.int32]
    extents: NDArray[np.int32]
    areas: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.areas)

    @property
    def sides(self) -> NDArray[np.int32]:
        """The long side of each piece's box, px."""
        return np.asarray(self.extents[:, 2:].max(1))

    @property
    def inner(self) -> NDArray[np.bool_]:
        """Which pieces (n,) touch no edge of the mask; what is not marked is none of them."""
        height, width = self.labels.shape
        left, top, wide, high = self.extents.T
        inside = (left > 0) & (top > 0) & (left + wide < width) & (top + high < height)
        inside[0] = False
        return np.asarray(inside)

    def box(self, piece: int) -> Box:
        left, top, width, height = self.extents[piece].tolist()
        return Box(left, top, left + width, top + height)

    def count(self, where: Mask) -> NDArray[np.int64]:
        """How many pixels of each piece (n,) a mask (H, W) holds."""
        number = np.zeros(len(self), np.int64)
        for top in range(0, len(where), ROWS):
            rows = slice(top, top + ROWS)
            number += np.bincount(self.labels[rows][where[rows]], minlength=len(self))
        return number

    def share(self, where: Mask) -> NDArray[np.float64]:
        """What share of each piece (n,) a mask (H, W) holds."""
        return self.count(where) / self.areas

    def those(self, keep: NDArray[np.bool_]) -> Mask:
        """The pieces to `keep` (n,), but never what is not marked, as a mask (H, W)."""
        keep = keep.copy()
        keep[0] = False
        out = np.empty(self.labels.shape, bool)
        for top in range(0, len(out), ROWS):
            out[top : top + ROWS] = keep[self.labels[top : top + ROWS]]
        return out


def pieces(mask: NDArray[np.generic], connectivity: int = 8) -> Pieces:
    """The pieces of a mask (H, W), of which pixels hang together by edges (`connectivity` 4) or by corners, too."""
    plain = mask.view(np.uint8) if mask.dtype == bool else mask.astype(np.uint8)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(plain, connectivity=connectivity)
    table: NDArray[np.int32] = np.asarray(stats, np.int32)
    return Pieces(np.asarray(labels, np.int32), table[:, :4], table[:, 4].clip(1))
