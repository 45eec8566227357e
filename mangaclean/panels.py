"""Panels of a page, and the order in which a person reads them and what stands in them."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace

import cv2
import numpy as np

from mangaclean import borders, gutters
from mangaclean.gutters import Frames
from mangaclean.types import Box, Direction, Image, Mask, Region

SEEN = 800  # px of the page's short side at which frames are looked for
MOST = 4_000_000  # px of a strip that are looked at: each piece of it takes as many bytes
SMALLEST = 0.07  # of the page's short side: a panel's, at least
LEFT = 0.1  # and where there are closed frames: of a panel beside them
GROWN = 4  # px by which what lies round a closed frame keeps away from it
MARGIN = 0.15  # of the page's short side: how wide the margin beside a closed frame is, at most
BARE = 0.8  # share of a margin that is paper, at least
STRIP = 2.5  # times as high as wide, from which a page is a strip
SLANT = 0.7  # px of height that one px to the side is worth in reading order, within a panel


def find(image: Image, regions: Sequence[Region] = ()) -> list[Box]:
    """Panels of a page (H, W, 3): its closed frames, and what gutters leave of the rest, without the paper round it."""
    height, width = image.shape[:2]
    scale = min(1.0, SEEN / min(height, width), math.sqrt(MOST / (height * width)))
    small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    grey = np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), np.uint8)
    found = gutters.frames(grey, _balloons(regions, scale, grey.shape))
    rest = np.ones(grey.shape, bool)
    # Strips have gutters, and are too long to look at as a whole.
    closed = [] if is_strip(width, height) else borders.closed(grey, found)
    for quad in closed:
        rest &= ~borders.filled(quad, grey.shape, GROWN)
        for strip in _beside(quad, grey.shape):
            if (found.paper | found.hidden)[strip].mean() > BARE:
                rest[strip] = False
    pieces = gutters.pieces(found, _parts(rest))
    boxes = [box for piece in pieces if (box := _trimmed(piece, found)) is not None]
    if closed:  # heads and hands that stick out of frames are no panels
        boxes = [box for box in boxes if min(box.width, box.height) >= LEFT * min(grey.shape)]
    # What gutters leave within another piece belongs to it; closed frames may lie over what they like.
    boxes = [b for b in boxes if not any(o is not b and b.overlap(o) > 0.8 * b.area and o.area > b.area for o in boxes)]
    boxes += map(borders.box, closed)
    return [Box(*(round(side / scale) for side in box)) for box in boxes]


def _beside(quad: borders.Quad, shape: tuple[int, ...]) -> list[tuple[slice, slice]]:
    """The strips between a closed frame and the edges of the page that are as narrow as margins."""
    height, width = shape
    left, top, right, bottom = borders.box(quad)
    rows, columns = slice(max(top - GROWN, 0), bottom + GROWN), slice(max(left - GROWN, 0), right + GROWN)
    strips = [(left, (rows, slice(0, left))), (width - right, (rows, slice(right, width)))]
    strips += [(top, (slice(0, top), columns)), (height - bottom, (slice(bottom, height), columns))]
    return [strip for wide, strip in strips if 0 < wide < MARGIN * min(shape)]


def _parts(rest: Mask) -> list[Mask]:
    """The parts of a mask (H, W) that hang together, without the strips that are too narrow for panels."""
    width = round(SMALLEST * min(rest.shape))
    padded = np.pad(rest.astype(np.uint8), width)
    opened = cv2.morphologyEx(padded, cv2.MORPH_OPEN, np.ones((width, width), np.uint8))
    count, labels = cv2.connectedComponents(opened[width:-width, width:-width], connectivity=4)
    return [labels == i for i in range(1, count)]


def _balloons(regions: Sequence[Region], scale: float, shape: tuple[int, ...]) -> Mask:
    """What balloons hide of the frames, as a mask of the page at `scale`."""
    out = np.zeros(shape, np.uint8)
    for region in regions:
        if region.kind in ("speech", "thought", "caption"):
            left, top, right, bottom = (round(side * scale) for side in region.bubble or region.box)
            centre = (left + right) // 2, (top + bottom) // 2
            cv2.ellipse(out, centre, ((right - left) // 2 + 3, (bottom - top) // 2 + 3), 0, 0, 360, 1, cv2.FILLED)
            left, top, right, bottom = (round(side * scale) for side in region.box)
            cv2.rectangle(out, (left, top), (right, bottom), 1, cv2.FILLED)
    return out > 0


def _trimmed(piece: Mask, found: Frames) -> Box | None:
    """The box of what stands in a piece of the page; None for paper, page numbers and dirt."""
    marks = (piece & ~found.paper).astype(np.uint8)
    ink = cv2.morphologyEx(marks, cv2.MORPH_OPEN, np.ones((2, 2), np.uint8))
    rows, columns = np.flatnonzero(ink.sum(1) > 1), np.flatnonzero(ink.sum(0) > 1)
    if not len(rows) or not len(columns):
        return None
    box = Box(int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)
    return box if min(box.width, box.height) > SMALLEST * min(ink.shape) else None


def sort(boxes: Sequence[Box], direction: str) -> list[int]:
    """Indices of boxes in reading order, by recursive cuts: rows first, then columns; `rtl`, `ltr` or `ttb`."""

    def cut(ids: list[int]) -> list[int]:
        if len(ids) < 2:
            return ids
        for axis in (1, 0):
            parts = _split(ids, axis)
            if len(parts) > 1:
                if axis == 0 and direction == "rtl":
                    parts.reverse()
                return [i for part in parts for i in cut(part)]
        return sorted(ids, key=lambda i: key(boxes[i], direction))

    def _split(ids: list[int], axis: int) -> list[list[int]]:
        """Groups between which a straight cut runs; boxes may overlap it by a twelfth."""
        low = {i: boxes[i][axis] for i in ids}
        high = {i: boxes[i][axis + 2] for i in ids}
        parts: list[list[int]] = []
        end = -np.inf
        for i in sorted(ids, key=lambda i: low[i] + high[i]):
            slack = (high[i] - low[i]) / 12
            if parts and low[i] + slack < end:
                parts[-1].append(i)
            else:
                parts.append([i])
            end = max(end, high[i] - slack)
        return parts

    return cut(list(range(len(boxes))))


def key(box: Box, direction: str) -> float:
    """A number that grows along the reading of boxes that stand free: down the page, and along the direction."""
    # Where a text begins tells more than its middle: long columns are read before short ones that hang beside them.
    middle, y = (box.left + box.right) / 2, box.top + box.height / 4
    if direction == "rtl":
        return y - SLANT * (middle + box.right) / 2
    return y + SLANT * (middle + box.left) / 2 if direction == "ltr" else y


def ordered(image: Image, regions: Sequence[Region], direction: str) -> tuple[Region, ...]:
    """Regions with panel and order (from 1) filled in, in reading order."""
    if direction == "auto":
        direction = guess(regions, image.shape[1], image.shape[0])
    boxes = find(image, regions)
    boxes = [boxes[i] for i in sort(boxes, direction)]
    home = [max(range(len(boxes)), key=lambda k: boxes[k].overlap(r.box), default=-1) for r in regions]
    home = [
        k if k >= 0 and boxes[k].overlap(r.box) > 0.3 * r.box.area else _nearest(boxes, r.box)
        for k, r in zip(home, regions, strict=True)
    ]
    turn = sorted(range(len(regions)), key=lambda i: (home[i], key(regions[i].box, direction)))
    return tuple(replace(regions[i], panel=home[i] + 1, order=n) for n, i in enumerate(turn, 1))


def _nearest(boxes: Sequence[Box], box: Box) -> int:
    def gap(other: Box) -> float:
        dx = max(other.left - box.right, box.left - other.right, 0)
        dy = max(other.top - box.bottom, box.top - other.bottom, 0)
        return dx * dx + dy * dy

    return min(range(len(boxes)), key=lambda k: gap(boxes[k]), default=-1)


def guess(regions: Iterable[Region], width: int, height: int) -> Direction:
    """A strip is read downwards; columns of lettering are read right to left, rows left to right."""
    if is_strip(width, height):
        return "ttb"
    rows = columns = 0
    for region in regions:
        if region.kind in ("speech", "thought", "caption"):
            columns += region.vertical * max(len(region.lines), 1)
            rows += (not region.vertical) * max(len(region.lines), 1)
    return "rtl" if columns >= rows else "ltr"


def is_strip(width: int, height: int) -> bool:
    """Whether a picture of this size is a strip of panels, one under the other, as of a webtoon."""
    return height >= STRIP * width
