"""Panels whose four border lines are all drawn, also where they lie over other panels and no gutter parts them."""

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from mangaclean.gutters import Ends, Frames, Levels
from mangaclean.types import Box, Mask

Quad = NDArray[np.float32]  # (4, 2): x, y of the corners, clockwise from the upper left

CONTRAST = 60  # levels by which a border is darker than what lies beside it
DARK = 140  # levels: a border is darker
BESIDE = 4  # px from the middle of a border to what lies beside it
NARROWEST = 0.12  # of the short side: a closed frame's sides, at least
LEAST = 0.04  # of the short side, squared: a closed frame's area, at least
MOST = 150  # lines each way that are looked at: time and memory grow with their cube
DRAWN = 0.8  # share of what is seen of a side that is drawn, at least
SHOWN = 0.3  # share of a side that balloons leave to be seen, at least
OPEN = 0.004  # of the short side: the longest stretch of a side where nothing is drawn but paper
STEEPEST = 0.16  # px a border falls in one px along it; poles and sleeves do more, and gutters tell frames that do
LEVEL = 0.03  # px a border falls in one px along it, up to which it is level or upright
SAME = 3.5  # px up to which two lines are one
BLEEDING = 2  # sides of a frame that may be edges of the page
AT_EDGE = 20  # px along a border that bleeds in which it has to be drawn
CORNER = 2  # px at a corner that are not looked at
INSIDE = 0.8  # share of a frame that lies in another, from which it is a part of that one's picture


class Lines(NamedTuple):
    """n straight lines, y = offset + slope · x, or with x and y exchanged; (n, x) counts of points before each x."""

    offset: NDArray[np.float64]
    slope: NDArray[np.float64]
    drawn: NDArray[np.int32]
    seen: NDArray[np.int32]
    open: NDArray[np.int32]  # points at which nothing was drawn for too long


def closed(grey: Levels, found: Frames) -> list[Quad]:
    """Corners of the closed frames of a page (H, W) in greys, largest first; none lies in another."""
    rows = _lines(found.level, grey, found.paper, found.hidden)
    columns = _lines(found.upright[:, [1, 0, 3, 2]], np.ascontiguousarray(grey.T), found.paper.T, found.hidden.T)
    quads = sorted(_joined(rows, columns, grey.shape), key=lambda q: -cv2.contourArea(q))
    out: list[Quad] = []
    taken = np.zeros(grey.shape, np.uint8)
    for quad in quads:
        mask = filled(quad, grey.shape)
        if (taken[mask] > 0).mean() < 1 - INSIDE:
            taken[mask] = 1
            out.append(quad)
    return out


def box(quad: Quad) -> Box:
    """The box round a frame."""
    left, top = np.rint(quad.min(0)).astype(int).tolist()
    right, bottom = np.rint(quad.max(0)).astype(int).tolist()
    return Box(left, top, right + 1, bottom + 1)


def filled(quad: Quad, shape: tuple[int, ...], grown: int = 0) -> Mask:
    """A frame as a mask (H, W), larger by some px."""
    out = np.zeros(shape[:2], np.uint8)
    cv2.fillPoly(out, [np.rint(quad).astype(np.int32)], 1)
    if grown:
        out = np.asarray(cv2.dilate(out, np.ones((2 * grown + 1,) * 2, np.uint8)), np.uint8)
    return out > 0


def _lines(level: Ends, grey: Levels, paper: Mask, hidden: Mask) -> Lines:
    """The lines along near-level segments, each once, with what is drawn along them."""
    height, width = grey.shape
    brightest = cv2.dilate(grey, np.ones((2 * BESIDE + 1, 1), np.uint8))
    dark = ((grey < DARK) & (brightest.astype(np.int16) - grey > CONTRAST)).astype(np.uint8)
    dark = np.asarray(cv2.dilate(dark, np.ones((3, 1), np.uint8)), np.uint8)
    slopes = ((level[:, 3] - level[:, 1]) / (level[:, 2] - level[:, 0])).astype(np.float64)
    fits = np.abs(slopes) <= STEEPEST
    x0, y0, x1, y1 = level[fits].T.astype(np.float64)
    lengths, slopes = np.abs(x1 - x0), slopes[fits]
    slopes[np.abs(slopes) * lengths < 1.5] = 0  # as straight as can be told
    offsets = (y0 + y1) / 2 - slopes * (x0 + x1) / 2
    xs = np.arange(width)
    known = np.zeros((0, 2))
    found: list[tuple[NDArray[np.bool_], ...]] = []
    for i in np.argsort(-lengths, kind="stable"):
        ends = np.array([x0[i], x1[i]])
        apart = known[:, :1] + known[:, 1:] * ends - (offsets[i] + slopes[i] * ends)
        if (np.abs(apart).max(1) < SAME).any():
            continue
        # A segment runs along an edge of the line: the line lies where it is darkest.
        span = np.arange(int(ends.min()), int(ends.max()))
        ys = np.rint(offsets[i] + slopes[i] * span + np.arange(-2, 3)[:, None]).astype(int).clip(0, height - 1)
        offset = offsets[i] + int(grey[ys, span].sum(1, dtype=np.int64).argmin()) - 2
        ys = np.rint(offset + slopes[i] * xs).astype(int)
        on = (ys >= 0) & (ys < height)
        ys = np.where(on, ys, 0)
        seen = on & ~hidden[ys, xs]
        drawn = seen & (dark[ys, xs] > 0)
        if drawn.sum() > SHOWN * DRAWN * NARROWEST * min(height, width):
            known = np.vstack([known, (offset, slopes[i])])
            found.append((drawn, seen, ~on | (seen & ~drawn & paper[ys, xs])))
    most = sorted(range(len(found)), key=lambda i: -int(found[i][0].sum()))[:MOST]
    known, found = known[most], [found[i] for i in most]
    # Panels may bleed: the page's edges bound them.
    for y in (0, height - 1):
        known = np.vstack([known, (y, 0)])
        found.append((np.ones(width, bool), np.ones(width, bool), np.zeros(width, bool)))
    drawn, seen, bare = (np.array([line[k] for line in found], bool).reshape(-1, width) for k in range(3))
    bare_for = np.where(bare, xs - np.maximum.accumulate(np.where(bare, -1, xs), axis=1), 0)
    return Lines(known[:, 0], known[:, 1], *(_before(a) for a in (drawn, seen, bare_for > OPEN * min(grey.shape))))


def _before(marked: Mask) -> NDArray[np.int32]:
    return np.pad(np.cumsum(marked, axis=1, dtype=np.int32), ((0, 0), (1, 0)))


def _sides(lines: Lines, ends: NDArray[np.float64], narrow: float) -> Mask:
    """(n, m, m): whether each line is drawn from one of m places on it, `ends` (n, m), to another further on."""
    n, last = len(ends), lines.drawn.shape[1] - 1
    places = np.rint(ends).astype(np.int64)
    start, stop = (places + CORNER).clip(0, last), (places - CORNER).clip(0, last)
    which = np.arange(n)[:, None]
    drawn, seen, bare = (a[which, stop][:, None, :] - a[which, start][:, :, None] for a in lines[2:])
    length = ends[:, None, :] - ends[:, :, None]
    return np.asarray((length > narrow) & (seen > SHOWN * length) & (drawn > DRAWN * seen) & (bare == 0))


def _begins(lines: Lines) -> Mask:
    """(n,): whether each line is drawn, or hidden, where it begins at the page's edge."""
    near = min(AT_EDGE, lines.drawn.shape[1] - 1)
    return np.asarray(lines.drawn[:, near] >= 0.5 * lines.seen[:, near])


def _ends(lines: Lines) -> Mask:
    near = max(lines.drawn.shape[1] - 1 - AT_EDGE, 0)
    drawn, seen = (counts[:, -1] - counts[:, near] for counts in (lines.drawn, lines.seen))
    return np.asarray(drawn >= 0.5 * seen)


def _joined(rows: Lines, columns: Lines, shape: tuple[int, ...]) -> list[Quad]:
    """The frames that two level and two upright lines make."""
    narrow = NARROWEST * min(shape)
    x = columns.offset[None, :] + columns.slope[None, :] * rows.offset[:, None]
    x /= 1 - columns.slope[None, :] * rows.slope[:, None]
    y = rows.offset[:, None] + rows.slope[:, None] * x
    level, upright = _sides(rows, x, narrow), _sides(columns, np.ascontiguousarray(y.T), narrow)
    # A line that ends short of the page's edge makes no frame with it, whatever lies between.
    level[:, -2, :] &= _begins(rows)[:, None]
    level[:, :, -1] &= _ends(rows)[:, None]
    upright[:, -2, :] &= _begins(columns)[:, None]
    upright[:, :, -1] &= _ends(columns)[:, None]
    out: list[Quad] = []
    flat, plumb = np.abs(rows.slope) < LEVEL, np.abs(columns.slope) < LEVEL
    edge_row, edge_column = (np.arange(len(lines.slope)) >= len(lines.slope) - 2 for lines in (rows, columns))
    for j in range(len(plumb)):
        # By right side k, upper line a and lower line b, among the lines that reach from j to any other
        right, hits = np.flatnonzero(level[:, j].sum(0) > 1), np.flatnonzero(level[:, j].any(1))
        reached = level[:, j][np.ix_(hits, right)].T
        sides = upright[j][np.ix_(hits, hits)] & upright[np.ix_(right, hits, hits)]
        k, a, b = np.nonzero(sides & reached[:, :, None] & reached[:, None, :])
        k, a, b = right[k], hits[a], hits[b]
        edges = edge_row[a].astype(int) + edge_row[b] + edge_column[j] + edge_column[k]
        # Signs and sheets of paper lie askew in pictures.
        fits = (edges <= BLEEDING) & ((flat[a] & flat[b]) | (plumb[j] & plumb[k]))
        k, a, b = k[fits], a[fits], b[fits]
        corners = [(x[r, c], y[r, c]) for r, c in ((a, j), (a, k), (b, k), (b, j))]
        out += list(np.array(corners, np.float32).transpose(2, 0, 1))
    return [quad for quad in out if cv2.contourArea(quad) > LEAST * min(shape) ** 2]
