"""Lettering that detectors overlook: `……`, `！` and single small kana alone in a balloon."""

from collections.abc import Sequence

import cv2
import numpy as np

from mangaclean.bubbles import TOLERANCE, closed
from mangaclean.drawn import HOUSED
from mangaclean.pieces import pieces
from mangaclean.strokes import Levels, box_of, filled, grown, short_side
from mangaclean.types import Box, Image, Line, Mask

SMALLEST, LARGEST = 0.0006, 0.12  # a balloon's share of the page
ROUNDEST = 0.8  # its share of its convex hull, at least
FULLEST = 0.25  # share of it that may be ink: an eye's white has more
JOIN = 6  # px between the strokes of one mark
PAD = 4  # px of ground left round a mark


def find(image: Image, lines: Sequence[Line], balloons: Levels | None = None) -> list[Line]:
    """Ink that stands free inside a small white balloon, away from `lines`: lines that may be there.

    Whether there is lettering is for a reader to say. A balloon is closed, or is one to a network (`balloons`, (H, W)).
    """
    height, width = image.shape[:2]
    white = image.min(2) > 255 - TOLERANCE
    known = filled(lines, Box(0, 0, width, height))
    em = float(np.median([short_side(line) for line in lines] or [0.02 * height])) / 1.15
    found = _in_grounds(white, white, known, em)
    if balloons is not None:
        more = _in_grounds(white & (balloons > HOUSED), white, known, em)
        found += [mark for mark in more if not any(mark.overlap(other) for other in found)]
    return [Line(((x, y), (right, y), (right, bottom), (x, bottom))) for x, y, right, bottom in found]


def _in_grounds(shown: Mask, white: Mask, known: Mask, em: float) -> list[Box]:
    """Boxes of marks that stand free in the pieces of ground that are `shown`; all masks (H, W)."""
    height, width = white.shape
    grounds = pieces(shown, connectivity=4)
    found = []
    sizes = grounds.areas / white.size
    for label in np.flatnonzero((sizes > SMALLEST) & (sizes < LARGEST)).tolist():
        box = grounds.box(label)
        left, top, w, h = grounds.extents[label].tolist()
        if label == 0 or min(w, h) < 16:
            continue
        bubble = closed(grounds.labels[box.slices] == label, box)
        ink = bubble.inside & ~white[box.slices]
        if bubble.convexity < ROUNDEST or ink.sum() > FULLEST * bubble.inside.sum():
            continue
        free = grown(ink & ~known[box.slices], JOIN) & ~grown(known[box.slices], 4)
        for x, y, mark_w, mark_h in pieces(free).extents[1:].tolist():
            short, long = sorted((mark_w - 2 * JOIN, mark_h - 2 * JOIN))
            if 0.4 * em < long < 4 * em and short < 1.3 * em and 1.5 * short < min(w, h):
                mark = Box(left + x, top + y, left + x + mark_w, top + y + mark_h).grown(PAD - JOIN, width, height)
                found.append(mark)
    return found


def dots(image: Image, line: Line) -> int:
    """How many like dots in one row or column a line consists of; 0 where it is anything else."""
    ink = (image[box_of(line).slices].min(2) < 255 - 2 * TOLERANCE).astype(np.uint8)
    count, _, stats, centres = cv2.connectedComponentsWithStats(ink, connectivity=8)
    if count < 4:
        return 0
    sizes, sides, centres = stats[1:, cv2.CC_STAT_AREA], stats[1:, 2:4], centres[1:]
    spread = centres.std(0)
    steps = np.diff(np.sort(centres[:, int(spread[1] > spread[0])]))
    side = float(np.sqrt(sizes.mean()))
    alike = sizes.max() < 1.8 * sizes.min() and sides.max() < 2 * side
    in_row = spread.min() < 0.4 * side and steps.max() < 1.5 * steps.min()
    return count - 1 if alike and in_row else 0
