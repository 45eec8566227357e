"""Lettering that a network marks pixel by pixel: drawn letters that no line detector finds, and how sure it is."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from mangaclean.pieces import Pieces, pieces
from mangaclean.strokes import shrunk
from mangaclean.types import Box, Finding, Line, Mask

Levels = NDArray[np.uint8]

SEEN, SURE = 90, 190  # of 255: marks reach out to where lettering is seen, from where the network is sure of it
TRACE = 16  # of 255: what the network shows of lettering that it does not see
HINTED = 110  # of 255: seen, where a line detector sees lettering, too
HOUSED = 128  # of 255: mean of the map of balloons, from which lettering stands in one
SURE_SHARE = 0.5  # share of a mark's pixels of which the network must be sure
COMPANY = 0.4  # the same, of a mark beside a sure one
BESIDE, LARGER = 0.8, 1.5  # of the smaller one's long side: how far off that is; times its area, the mark's at most
FEWEST = 12  # px of which the network must be sure; of a mark beside a sure one, all its pixels count
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
    """Pixels of lettering (H, W): all that is seen and hangs together with enough of which the network is sure.

    Of a letter beside a sure one, no larger, less is enough: half a word is worse than none.
    """
    found = pieces(seen > SEEN)
    sure = found.count(seen > SURE)
    firm = (sure >= SURE_SHARE * found.areas) & (sure >= FEWEST)
    maybe = (sure >= COMPANY * found.areas) & (found.areas >= FEWEST) & ~firm
    for piece in np.flatnonzero(maybe).tolist():
        maybe[piece] = any(_goes_with(piece, other, found) for other in _near(piece, firm, found))
    return found.those(firm | maybe)


def _near(piece: int, those: NDArray[np.bool_], of: Pieces) -> list[int]:
    """Which of some pieces (n,) reach into the room that a piece may go with others in."""
    height, width = of.labels.shape
    room = of.box(piece).grown(round(BESIDE * int(of.sides[piece])), width, height)
    others = np.unique(of.labels[room.slices])
    return list(others[those[others]].tolist())


def _goes_with(piece: int, other: int, of: Pieces) -> bool:
    """Whether a piece may be a letter beside another one: close to it, alike in size, and not much larger."""
    small, large = sorted(of.sides[[piece, other]].tolist())
    if of.box(piece).gap(of.box(other)) >= BESIDE * small or large >= ALIKE * small:
        return False
    return bool(of.areas[piece] <= LARGER * of.areas[other])


def find(marked: Mask, seen: Levels, taken: Mask) -> list[Drawn]:
    """Effects and asides among the pixels `marked` that are not `taken` (both (H, W)) by other blocks."""
    least = SMALLEST * min(marked.shape)
    whole = _mostly_free(marked, taken)
    # Letters that run together with others' are told from what is left round those by their thickness.
    rest = marked & ~taken
    rest &= ~whole
    del marked  # a page may be so large that one mask more is too much
    whole |= _thick(rest)
    del rest
    letters = pieces(whole)
    ids = [i for i in range(1, len(letters)) if letters.sides[i] >= least]
    boxes = [letters.box(i) for i in ids]
    found = []
    for group in _groups(boxes):
        window = boxes[group[0]]
        for i in group[1:]:
            window = window.union(boxes[i])
        own = [ids[i] for i in group]
        strokes = np.isin(letters.labels[window.slices], own)
        em = _size(letters.sides[own], letters.areas[own])
        spread = window.height - window.width
        line = _line(strokes, window, float(seen[window.slices][strokes].mean()) / 255)
        found.append(Drawn(window, strokes, line, em, spread > 0))
    return found


def _size(sides: NDArray[np.int32], areas: NDArray[np.int32]) -> float:
    """The size, px, of letters by their marks' long sides and areas: the median of the ink, as dots are no letters."""
    order = np.argsort(sides)
    ink = np.cumsum(areas[order])
    return float(sides[order][np.searchsorted(ink, ink[-1] / 2)])


def _mostly_free(marked: Mask, taken: Mask) -> Mask:
    """Connected marks of which less than half is taken."""
    marks = pieces(marked)
    return marks.those(marks.share(taken) < 0.5)


def _thick(rest: Mask) -> Mask:
    """Connected marks that are not thin everywhere."""
    core = shrunk(rest, THICK)
    marks = pieces(rest)
    return marks.those(marks.count(core) > 0)


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
            gap = a.gap(b)
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
