"""Lettering that a network marks pixel by pixel: drawn letters that no line detector finds, and how sure it is."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from mangaclean.bubbles import components, those
from mangaclean.strokes import shrunk
from mangaclean.types import Box, Finding, Line, Mask

Levels = NDArray[np.uint8]

SEEN, SURE = 90, 190  # of 255: marks reach out to where lettering is seen, from where the network is sure of it
HINTED = 110  # of 255: seen, where a line detector sees lettering, too
HOUSED = 128  # of 255: mean of the map of balloons, from which lettering stands in one
SURE_SHARE = 0.5  # share of a mark's pixels of which the network must be sure
SMALLEST = 0.006  # of the page's short side: the long side of a mark, at least
THICK = 1  # px: half of what a letter's mark is thick, at least
REACH = 0.5  # of the smaller one's long side: how far two letters of one effect may stand apart
ALIKE = 3.0  # times the size of another letter of the same effect, at most


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """Drawn lettering of one effect or aside: its pixels in a window of the page, and the line round it."""

    window: Box
    strokes: Mask
    line: Line
    em: float
    vertical: bool


def lettering(finding: Finding) -> Levels | None:
    """How sure a segmenter is, for each pixel (H, W), of lettering of any kind, × 255; None where it drew no maps."""
    if finding.text is None:
        return finding.sfx
    return finding.text if finding.sfx is None else np.maximum(finding.text, finding.sfx)


def marks(seen: Levels) -> Mask:
    """Pixels of lettering (H, W): all that is seen and hangs together with enough of which the network is sure."""
    labels, stats = components(seen > SEEN)
    sure = np.bincount(labels[seen > SURE], minlength=len(stats))
    keep = (sure >= SURE_SHARE * stats[:, 4]) & (sure >= 12)
    keep[0] = False
    return those(keep, labels)


def find(marked: Mask, seen: Levels, taken: Mask) -> list[Drawn]:
    """Effects and asides among the pixels `marked` that are not `taken` (both (H, W)) by other blocks."""
    labels, stats = components(marked)
    free = 1 - np.bincount(labels[taken], minlength=len(stats)) / np.maximum(stats[:, 4], 1)
    free[0] = 0
    whole = those(free > 0.5, labels)
    del labels  # two of them are too much for a large page
    # Letters that run together with others' are told from what is left round those by their thickness.
    rest = marked & ~taken
    rest &= ~whole
    thick = np.flatnonzero(shrunk(rest, THICK))  # before there are labels: beside these a large page has no room for it
    labels, stats = components(rest)
    kept = np.bincount(labels.ravel()[thick], minlength=len(stats)) > 0
    whole |= those(kept, labels)
    del labels
    labels, stats = components(whole)
    least = SMALLEST * min(marked.shape)
    ids = [i for i in range(1, len(stats)) if max(stats[i, 2:4]) >= least]
    boxes = [Box(x, y, x + w, y + h) for x, y, w, h, _ in stats[ids].tolist()]
    found = []
    for group in _groups(boxes):
        window = boxes[group[0]]
        for i in group[1:]:
            window = window.union(boxes[i])
        members = np.zeros(len(stats), bool)
        members[[ids[i] for i in group]] = True
        strokes = members[labels[window.slices]]
        letters = [boxes[i] for i in group]
        em = float(np.median([max(box.width, box.height) for box in letters]))
        spread = window.height - window.width
        line = _line(strokes, window, float(seen[window.slices][strokes].mean()) / 255)
        found.append(Drawn(window, strokes, line, em, spread > 0))
    return found


def _groups(boxes: Sequence[Box]) -> list[list[int]]:
    """Letters that stand close by each other and are alike in size."""
    parent = list(range(len(boxes)))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    for i, a in enumerate(boxes):
        for k in range(i):
            b = boxes[k]
            small, large = sorted((max(a.width, a.height), max(b.width, b.height)))
            gap = max(max(a.left, b.left) - min(a.right, b.right), max(a.top, b.top) - min(a.bottom, b.bottom))
            # Voicing marks and dots are small beside their letter; they stand closer.
            if gap < REACH * small or (gap < 0.15 * large and large < 12 * small):
                alike = large < ALIKE * small or gap < 0.15 * large
                if alike:
                    parent[root(i)] = root(k)
    groups: dict[int, list[int]] = {}
    for i in range(len(boxes)):
        groups.setdefault(root(i), []).append(i)
    return list(groups.values())


def _line(strokes: Mask, window: Box, score: float) -> Line:
    ys, xs = np.nonzero(strokes)
    points = np.stack([xs + window.left, ys + window.top], 1).astype(np.int32)
    corners = cv2.boxPoints(cv2.minAreaRect(points))
    # From the upper left corner on, clockwise.
    middle = corners.mean(0)
    ring = corners[np.argsort(np.arctan2(corners[:, 1] - middle[1], corners[:, 0] - middle[0]))]
    ring = np.roll(ring, -int(np.argmin(ring.sum(1))), axis=0)
    a, b, c, d = ((max(round(float(x)), 0), max(round(float(y)), 0)) for x, y in ring)
    return Line((a, b, c, d), round(score, 4))
