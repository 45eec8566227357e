"""Gutters: the straight bands of paper between frames, and the pieces of a page that they cut it into."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from mangaclean.types import Mask

Levels = NDArray[np.uint8]
Ends = NDArray[np.float32]  # (n, 4): x0, y0, x1, y1 of straight edges
Reach = NDArray[np.int16]  # (H, W): px to the nearest frame, or one of these:
UNSEEN, BLOCKED, WIDEST = -1, -2, 32767

PAPER = 24  # levels by which paper may differ from the commonest tone of it
WIDE = 0.05  # of the short side: the widest gutter between two frames
SHORTEST = 0.05  # of the short side: the shortest stretch of a frame that proposes a cut
STEEPEST = 0.27  # px a gutter may fall in one px along it
ASIDE = (2, 4, 7, 11)  # px beside a frame at which its gutter is looked for
THINNEST = 0.05  # of the page's side: a panel's extent, at least
SPARSE = 0.03  # share of ink in a row or column of pixels up to which it belongs to the margin
STEP = 3  # px between the points at which a cut is looked at
AT_ONCE = 2_000_000  # points of cuts that are looked at together: strips have long cuts, and many
TOLERANCE = 2  # px by which a frame may wander from a cut

# What a point of a cut is worth: between two frames, beside one, on open paper, under a balloon; and what all of a cut
# must be worth on average
BETWEEN, BESIDE, OPEN, HIDDEN = 1.0, 0.75, 0.2, 0.5
ENOUGH = 0.55
FRAMED, ALONE = 0.15, 0.75  # share of what is seen of a cut that lies between frames, at least, or else beside some
LEAST = 0.15  # share of a cut that has frames, at least
ENDS, CROSSED = 6, 0.7  # points at each end of a cut, and what is left of its worth for each end that ink bars


@dataclass(frozen=True, slots=True, eq=False)
class Frames:
    """Straight edges of a page, near level or near upright; (H, W): paper, what balloons hide, what no margin is."""

    level: Ends
    upright: Ends
    paper: Mask
    hidden: Mask
    inner: Mask


def frames(grey: Levels, hidden: Mask) -> Frames:
    """The straight edges of a page (H, W) in greys, of which balloons hide some (H, W)."""
    found = cv2.createLineSegmentDetector().detect(grey)[0]
    ends = np.zeros((0, 4), np.float32) if found is None else np.asarray(found, np.float32).reshape(-1, 4)
    dx, dy = np.abs(ends[:, 2] - ends[:, 0]), np.abs(ends[:, 3] - ends[:, 1])
    least = 0.6 * SHORTEST * min(grey.shape)
    level, upright = (dy <= STEEPEST * dx) & (dx > least), (dx <= STEEPEST * dy) & (dy > least)
    paper = np.abs(grey.astype(np.int16) - paper_tone(grey)) < PAPER
    return Frames(ends[level], ends[upright], paper, hidden, _within_margins(paper))


def paper_tone(grey: Levels) -> int:
    """The tone of a page's paper: that of its margin if it has one, else white."""
    edge = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    tone = int(np.median(edge))
    return tone if (np.abs(edge.astype(np.int16) - tone) < PAPER).mean() > 0.6 else 255


def pieces(found: Frames, wholes: Iterable[Mask]) -> list[Mask]:
    """Parts of a page (H, W), cut along their best gutters, and each piece again as long as it has a good one; masks.

    Recursive cuts as in Pang et al. 2014, but by evidence: gutters that balloons and figures cross are cut as well.
    """
    # Upright cuts are level ones on a page that is turned over.
    paper = np.ascontiguousarray(found.paper.T)
    turned = Frames(found.upright[:, [1, 0, 3, 2]], found.level, paper, found.hidden.T, found.inner.T)
    ways = [(page, _reach(page.level, page.paper)) for page in (found, turned)]
    out: list[Mask] = []
    todo = list(wholes)[::-1]
    while todo:
        piece = todo.pop()
        parts = _best_cut(piece, ways)
        if parts is None:
            out.append(piece)
        else:
            todo.extend(parts)
    return out


def _within_margins(paper: Mask) -> Mask:
    """The page without its margins, so that a cut's ends lie where a frame would stand; all of it, if it is paper."""
    out = np.ones(paper.shape, bool)
    for axis in (0, 1):
        inked = np.flatnonzero((~paper).mean(axis) > SPARSE)
        if len(inked):
            margin = np.ones(paper.shape[1 - axis], bool)
            margin[inked[0] : inked[-1] + 1] = False
            out &= ~(margin[None, :] if axis == 0 else margin[:, None])
    return out


def _reach(level: Ends, paper: Mask) -> tuple[Reach, Reach]:
    """How far, px, each pixel of paper (H, W) is from the level frame above it and from the one below.

    UNSEEN where the paper ends at something else or goes on, BLOCKED where there is no paper.
    """
    height, width = paper.shape
    frame = np.zeros(paper.shape, np.uint8)
    for x0, y0, x1, y1 in np.rint(level).astype(int).tolist():
        cv2.line(frame, (x0, y0), (x1, y1), 1, 5)
    rows, columns = np.arange(height, dtype=np.int32)[:, None], np.arange(width)[None, :]
    above = np.maximum.accumulate(np.where(paper, np.int32(-1), rows), axis=0)
    below = np.minimum.accumulate(np.where(paper, np.int32(height), rows)[::-1], axis=0)[::-1]
    wide = WIDE * min(height, width)
    out = []
    for stop, far in ((above, rows - above), (below, below - rows)):
        hit = (stop >= 0) & (stop < height) & (frame[np.clip(stop, 0, height - 1), columns] > 0) & (far <= wide)
        out.append(np.where(paper, np.where(hit, far, UNSEEN), BLOCKED).astype(np.int16))
    return out[0], out[1]


def _best_cut(piece: Mask, ways: list[tuple[Frames, tuple[Reach, Reach]]]) -> tuple[Mask, Mask] | None:
    """The two parts of a piece on both sides of its best gutter, if it has a good one."""
    cuts: list[tuple[float, int, float, float]] = []
    for axis, (page, reach) in enumerate(ways):
        scored = _scored(piece.T if axis else piece, page, reach)
        cuts += [(score, axis, offset, slope) for score, offset, slope in scored if score > ENOUGH]
    for _, axis, offset, slope in sorted(cuts, reverse=True):
        mask = piece.T if axis else piece
        over = np.arange(mask.shape[0])[:, None] < offset + slope * np.arange(mask.shape[1])[None, :]
        first, second = mask & over, mask & ~over
        least = THINNEST * mask.shape[0] * int(mask.any(0).sum())
        if min(int(first.sum()), int(second.sum())) > 0.6 * least:
            return (first.T, second.T) if axis else (first, second)
    return None


def _scored(mask: Mask, page: Frames, reach: tuple[Reach, Reach]) -> Iterator[tuple[float, float, float]]:
    """(worth, y at x = 0, slope) of each cut that level frames in a piece propose."""
    mask = mask & page.inner
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    if not len(rows):
        return
    top, bottom, least = int(rows[0]), int(rows[-1]) + 1, THINNEST * mask.shape[0]
    lines = _proposed(page.level, mask.shape, top, bottom, int(columns[0]), int(columns[-1]))
    if bottom - top < 2 * least or not len(lines):
        return
    xs = np.arange(columns[0], columns[-1] + 1, STEP)
    for some in np.array_split(lines, -(-len(lines) * len(xs) // AT_ONCE)):
        ys = np.rint(some[:, :1] + some[:, 1:] * xs[None, :]).astype(np.int32)
        on = (ys >= 0) & (ys < mask.shape[0])
        ys = np.where(on, ys, 0)
        on &= mask[ys, xs]
        counts = on.sum(1)
        middle = (ys * on).sum(1) / np.maximum(counts, 1)
        good = (counts > 0.5 * len(xs)) & (middle > top + least) & (middle < bottom - least)
        worth = _worth(on, reach[0][ys, xs], reach[1][ys, xs], page.hidden[ys, xs])
        for i in np.flatnonzero(good):
            yield float(worth[i]), float(some[i, 0]), float(some[i, 1])


def _proposed(level: Ends, shape: tuple[int, ...], top: int, bottom: int, left: int, right: int) -> Ends:
    """Lines (n, 2), y at x = 0 and slope, along the frames in a part of the page and some px aside."""
    x0, y0, x1, y1 = level.T
    middle_x, middle_y = (x0 + x1) / 2, (y0 + y1) / 2
    here = (np.abs(x1 - x0) > SHORTEST * min(shape)) & (middle_x > left) & (middle_x < right)
    here &= (middle_y > top - ASIDE[-1]) & (middle_y < bottom + ASIDE[-1])
    slopes = (y1 - y0)[here] / (x1 - x0)[here]
    aside = np.array([*ASIDE, *(-k for k in ASIDE)])
    offsets = (middle_y[here] - slopes * middle_x[here])[:, None] + aside[None, :]
    # Cuts that hardly differ are one.
    lines = np.stack([np.rint(offsets.ravel()), np.rint(slopes.repeat(len(aside)) * 100) / 100], 1)
    return np.asarray(np.unique(lines, axis=0), np.float32)


def _worth(on: Mask, above: Reach, below: Reach, hidden: Mask) -> NDArray[np.float64]:
    """What cuts (n, points) are worth, by how each of their points lies; `on`: it is one."""
    counts = on.sum(1)
    total = np.maximum(counts, 1)
    veiled, shown = on & hidden, on & ~hidden
    over, under = _straight(above, on) & shown, _straight(below, on) & shown
    between, beside = (over & under).sum(1) / total, (over ^ under).sum(1) / total
    free, veil = (shown & (above != BLOCKED) & ~over & ~under).sum(1) / total, veiled.sum(1) / total
    worth = np.asarray(BETWEEN * between + BESIDE * beside + OPEN * free + HIDDEN * veil, np.float64)
    seen = np.maximum(1 - veil, 0.1)
    worth[(between < FRAMED * seen) & (between + beside < ALONE * seen)] = 0
    worth[between + beside < LEAST] = 0
    # A gutter runs into other gutters or off the page: at its ends stands no frame, as it does across lines of art.
    barred, turns = shown & (above == BLOCKED), np.cumsum(on, axis=1)
    for end in (turns <= ENDS, turns > (counts - ENDS)[:, None]):
        worth[(barred & end).any(1)] *= CROSSED
    return worth


def _straight(reach: Reach, on: Mask) -> Mask:
    """Where cuts (n, points) have a frame beside them that runs along with them."""
    hit = on & (reach >= 0)
    ordered = np.sort(np.where(hit, reach, np.int16(WIDEST)), axis=1)  # the median of those that are hit
    usual = ordered[np.arange(len(reach)), hit.sum(1) // 2]
    return np.asarray(hit & (np.abs(reach - usual[:, None]) <= TOLERANCE))
