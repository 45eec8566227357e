"""Straight edges that stop before a hole."""

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from mangaclean import tiles
from mangaclean.strokes import grown
from mangaclean.types import Image, Mask

SHORTEST = 10.0  # px of an edge that must be seen
CLOSE = 6  # px from its end to the hole


class End(NamedTuple):
    """Where an edge stops before a hole: the point, the unit vector on, and px of it that are seen."""

    x: float
    y: float
    right: float
    down: float
    length: float


def ends(page: Image, mask: Mask) -> list[End]:
    """The ends of straight edges of a page (H, W, 3) that are close to what is masked (H, W).

    Edges are found as in Grompone von Gioi et al. 2012 (LSD), and cut where the mask begins.
    """
    near = grown(mask, CLOSE)
    found = []
    for edge in _straight(page, mask):
        for ax, ay, bx, by in (edge, edge[[2, 3, 0, 1]]):
            if near[min(round(by), len(near) - 1), min(round(bx), near.shape[1] - 1)]:
                length = float(np.hypot(bx - ax, by - ay))
                found.append(End(bx, by, (bx - ax) / length, (by - ay) / length, length))
    return found


def _straight(page: Image, mask: Mask) -> NDArray[np.float64]:
    """Straight edges (N, 4) of a page outside of a mask: x and y of both ends."""
    grey = cv2.cvtColor(page, cv2.COLOR_RGB2GRAY)
    found = cv2.createLineSegmentDetector(cv2.LSD_REFINE_STD).detect(grey)[0]
    if found is None:
        return np.zeros((0, 4))
    edges = np.asarray(found, np.float64).reshape(-1, 4)
    edges = edges[np.hypot(*(edges[:, 2:] - edges[:, :2]).T) >= SHORTEST]
    clear = ~grown(mask, 1)
    parts = [part for edge in edges for part in _clear_parts(edge, clear)]
    return np.array(parts).reshape(-1, 4)


def _clear_parts(edge: NDArray[np.float64], clear: Mask) -> list[NDArray[np.float64]]:
    """The parts of an edge that are clear of the mask, and long enough."""
    start, way = edge[:2], edge[2:] - edge[:2]
    points = start + np.linspace(0, 1, int(np.hypot(*way)) + 1)[:, None] * way
    columns, rows = np.rint(points).astype(int).T.clip(0, np.array(clear.shape[::-1])[:, None] - 1)
    return [
        np.concatenate([points[first], points[stop - 1]])
        for first, stop in tiles.runs(clear[rows, columns])
        if stop - first >= SHORTEST
    ]
