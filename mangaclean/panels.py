"""Panels of a page, and the order in which a person reads them and what stands in them."""

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np

from mangaclean.types import Box, Image, Region

SLANT = 0.4  # px of height that one px to the side is worth in reading order


def find(image: Image) -> list[Box]:
    """Panels of a page (H, W, 3): what is left when the paper that reaches the page's edge is taken away."""
    height, width = image.shape[:2]
    scale = min(1.0, 800 / max(height, width))
    grey = cv2.cvtColor(cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)
    edge = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    paper = int(np.median(edge))
    ground = cv2.copyMakeBorder(
        (np.abs(grey.astype(int) - paper) < 24).astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=1
    )
    _, labels = cv2.connectedComponents(ground, connectivity=4)
    solid = ((labels != labels[0, 0])[1:-1, 1:-1]).astype(np.uint8)
    solid = cv2.morphologyEx(solid, cv2.MORPH_OPEN, np.ones((5, 5), np.uint8))
    _, _, stats, _ = cv2.connectedComponentsWithStats(solid, connectivity=4)
    boxes = [
        Box(*(round(v / scale) for v in (x, y, x + w, y + h)))
        for x, y, w, h, area in stats[1:].tolist()
        if w * h > 0.015 * solid.size and area > 0.4 * w * h
    ]
    return [b for b in boxes if not any(o is not b and b.overlap(o) > 0.8 * b.area and o.area > b.area for o in boxes)]


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
    x, y = (box.left + box.right) / 2, (box.top + box.bottom) / 2
    return y - SLANT * x if direction == "rtl" else y + SLANT * x if direction == "ltr" else y


def ordered(image: Image, regions: Sequence[Region], direction: str) -> tuple[Region, ...]:
    """Regions with panel and order (from 1) filled in, in reading order."""
    if direction == "auto":
        direction = guess(regions)
    boxes = find(image)
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


def guess(regions: Sequence[Region]) -> str:
    """Columns of lettering are read right to left, rows left to right."""
    columns = sum(r.vertical * len(r.lines) for r in regions)
    return "rtl" if 2 * columns >= sum(len(r.lines) for r in regions) else "ltr"
