"""A balloon's outline as a polygon, the part of a balloon that is a text's own, and the largest box within it."""

from collections.abc import Sequence
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from mangaclean.bubbles import Bubble
from mangaclean.types import Box, Mask, Point

EXACT = 0.01  # of its circumference: how far a polygon may stray from the outline
LOBES, NOTCH, ROUND = 12, 0.015, 0.53  # fewest lobes of a thought; how deep, by the root of its area; how full
FINE = 96  # px of the long side at which the largest box is looked for


def own(bubble: Bubble, text: Box, others: Sequence[Box]) -> Mask:
    """What of a balloon's inside (h, w) is nearer to `text` than to the other texts that stand in it."""
    inside = bubble.inside.copy()
    if others:
        distance = _distance(text, bubble.box)
        for other in others:
            inside &= distance <= _distance(other, bubble.box)
    return inside if inside.any() else bubble.inside


def polygon(inside: Mask, at: Box) -> tuple[Point, ...]:
    """The outline of a mask's largest part, as corners on the page; `at`: where the mask lies."""
    contours = cv2.findContours(inside.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)[0]
    if not contours:
        return ()
    largest = max(contours, key=cv2.contourArea)
    corners = cv2.approxPolyDP(largest, EXACT * cv2.arcLength(largest, True), True).reshape(-1, 2)
    return tuple((int(x) + at.left, int(y) + at.top) for x, y in corners)


def room(inside: Mask, at: Box) -> Box | None:
    """The largest upright box within a mask that lies at `at` of the page; None for an empty one."""
    scale = max(max(inside.shape) / FINE, 1.0)
    size = max(int(inside.shape[1] / scale), 1), max(int(inside.shape[0] / scale), 1)
    # Only what is inside as a whole is inside on the small mask: a mean of less than 1 is none.
    small = cv2.resize(inside.astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0.99
    best, found = 0, None
    heights = np.zeros(small.shape[1], int)
    for row, line in enumerate(small):
        heights = np.where(line, heights + 1, 0)
        area, left, right, height = _widest(heights)
        if area > best:
            best, found = area, (left, row + 1 - height, right, row + 1)
    if found is None:
        return None
    across, down = inside.shape[1] / size[0], inside.shape[0] / size[1]
    left, top, right, bottom = found
    return Box(
        at.left + int(np.ceil(left * across)),
        at.top + int(np.ceil(top * down)),
        at.left + int(right * across),
        at.top + int(bottom * down),
    )


def is_thought(inside: Mask) -> bool:
    """Whether a balloon (h, w) is drawn as a thought: a cloud of many lobes, or a ring of short strokes.

    Between two notches of such an outline lies an arc, which fills more of its own box than the spike of a cry.
    """
    contours = cv2.findContours(inside.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)[0]
    outline = max(contours, key=cv2.contourArea)[:, 0]
    hull = cv2.convexHull(outline, returnPoints=False)
    if len(outline) < 4 * LOBES or len(hull) < 4:
        return False
    hull[::-1].sort(axis=0)  # a hull that starts in its middle is no hull to OpenCV
    defects = cv2.convexityDefects(outline, hull)
    if defects is None:
        return False
    deep = NOTCH * float(np.sqrt(cv2.contourArea(outline)))
    notches = sorted(at for _, _, at, depth in defects.reshape(-1, 4).tolist() if depth / 256 > deep)
    if len(notches) < LOBES:
        return False
    arcs = [outline[a : b + 1] for a, b in pairwise(notches)]
    arcs.append(np.concatenate([outline[notches[-1] :], outline[: notches[0] + 1]]))
    return float(np.median([_fullness(arc) for arc in arcs])) > ROUND


def _fullness(arc: NDArray[np.generic]) -> float:
    """Share of the box over its chord that an arc encloses: a half for a spike, more for a lobe."""
    chord = (arc[-1] - arc[0]).astype(float)
    away = arc - arc[0]
    area_by_height = np.abs(chord[0] * away[:, 1] - chord[1] * away[:, 0]).max()
    return float(cv2.contourArea(arc.astype(np.int32)) / max(area_by_height, 1.0))


def _widest(heights: NDArray[np.int_]) -> tuple[int, int, int, int]:
    """(area, left, right, height) of the largest box under a row of columns."""
    best = (0, 0, 0, 0)
    open_: list[tuple[int, int]] = []  # where a box of this height begins
    for x, height in enumerate([*heights.tolist(), 0]):
        begin = x
        while open_ and open_[-1][1] >= height:
            begin, tall = open_.pop()
            best = max(best, (tall * (x - begin), begin, x, tall))
        open_.append((begin, height))
    return best


def _distance(of: Box, window: Box) -> NDArray[np.float64]:
    """How far each pixel of a window is from a box."""
    x, y = np.arange(window.left, window.right), np.arange(window.top, window.bottom)
    across = np.maximum(np.maximum(of.left - x, x - of.right + 1), 0)
    down = np.maximum(np.maximum(of.top - y, y - of.bottom + 1), 0)
    return np.asarray(np.hypot(across[None, :], down[:, None]))
