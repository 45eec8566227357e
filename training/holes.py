"""Holes as cleaning makes them: grown strokes of lettering, whole effects and hulls, brush strokes, boxes."""

import cv2
import numpy as np
from numpy.typing import NDArray

Rng = np.random.Generator
Hole = NDArray[np.bool_]  # (H, W), True = hidden

KINDS = ("strokes", "effect", "hull", "brush", "box")
_SHARES = (0.74, 0.08, 0.05, 0.1, 0.03)
LEAST, MOST = 0.01, 0.5  # share of a crop that is hidden


def grown(mask: Hole, by: int) -> Hole:
    """A mask (H, W) with `by` px of disc round it."""
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * by + 1, 2 * by + 1))
    return cv2.dilate(mask.astype(np.uint8), disc) > 0


def hole(rng: Rng, letters: Hole) -> Hole:
    """A hole of the size of `letters` (H, W), from these where the kind is one of lettering; never empty, nor all."""
    high, wide = letters.shape
    for _ in range(4):
        kind = str(rng.choice(KINDS, p=_SHARES))
        if kind == "brush":
            made = brushed(rng, high, wide)
        elif kind == "box":
            made = boxed(rng, high, wide)
        else:
            made = of_letters(rng, letters, kind)
        if LEAST < made.mean() < MOST:
            return made
    return boxed(rng, high, wide)


def of_letters(rng: Rng, letters: Hole, kind: str) -> Hole:
    """Lettering grown by 2–6 px: its strokes; effects with what they enclose; or the hull of each piece."""
    by = int(rng.integers(2, 7))
    if kind == "strokes":
        return grown(letters, by)
    outlines, _ = cv2.findContours(letters.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    filled = np.zeros(letters.shape, np.uint8)
    if kind == "hull":
        outlines = [cv2.convexHull(line) for line in outlines]
    cv2.drawContours(filled, outlines, -1, 1, -1)
    return grown(filled > 0, by)


def brushed(rng: Rng, high: int, wide: int) -> Hole:
    """Free-form strokes that turn as they go (Yu et al. 2019), 3–60 px wide."""
    drawn = np.zeros((high, wide), np.uint8)
    for _ in range(int(rng.integers(1, 6))):
        at = rng.uniform(0, 1, 2) * (wide, high)
        pen = int(np.exp(rng.uniform(np.log(3), np.log(min(60, min(high, wide) / 4)))))
        angle, bend = rng.uniform(0, 2 * np.pi), rng.normal(0, 0.5)
        for _ in range(int(rng.integers(1, 9))):
            end = at + np.array([np.cos(angle), np.sin(angle)]) * rng.uniform(0.05, 0.3) * max(high, wide)
            ends = np.round([at, end]).astype(int).tolist()
            cv2.line(drawn, ends[0], ends[1], 1, pen)
            at, angle = end, angle + bend + rng.normal(0, 0.6)
    return drawn > 0


def boxed(rng: Rng, high: int, wide: int) -> Hole:
    """One to four boxes, each up to half as high and wide as the whole."""
    drawn = np.zeros((high, wide), bool)
    for _ in range(int(rng.integers(1, 5))):
        sides = [max(int(side * rng.uniform(0.12, 0.5)), 3) for side in (high, wide)]
        top, left = int(rng.integers(high - sides[0] + 1)), int(rng.integers(wide - sides[1] + 1))
        drawn[top : top + sides[0], left : left + sides[1]] = True
    return drawn
