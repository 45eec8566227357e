"""Straight lines behind lettering: seen on both sides of a hole, they are drawn; seen under a mask, they stay."""

from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from mangaclean import edges, tiles
from mangaclean.edges import End
from mangaclean.pieces import pieces
from mangaclean.strokes import grown
from mangaclean.types import Image, Mask

WINDOW = 1024  # px of page in which lines are looked for at once
AROUND = 96  # px that such a window shows besides
NARROW = 20  # px that a hole is wide along a line: what is less the painter does as well
WIDE = 0.16  # of the short side of what is looked at: a line through more than that is a guess
TIMES = 8.0  # as wide as the line is long, at most
BACK = 10  # px along a line, on each side, that are compared
BESIDE = 4  # px across a line, on each side of it, that are compared
FINE = 0.25  # px from one of them to the next, lest lines blur
DRAWN = 2.5  # px across a line, on each side of it, that are drawn
ASIDE, DRIFT = 1.75, 0.03  # px, and share of the hole besides: how far off the far side may lie
FAINTEST = 60.0  # levels between a line and what is beside it
UNLIKE = 0.15  # of these: what the sides, and what is seen of the line between letters, may differ
UNSTEADY = 0.15  # of these: what a side may vary along the line
SLANT = 4  # px past the middles of a hole's sides that a slanting line is drawn, to meet them across its width
ROOM = 7  # px beyond a hole that must be seen for it to end there
LEAST = 0.6  # share of what is compared that must be seen
EVIDENCE = 8 / FINE  # samples between letters from which what is seen there counts
BARE = 3  # px across a line, on each side of it, that are compared where it shows under a mask
LINE = 20.0  # px of such a line that must be seen beyond the mask
BOLD = 150.0  # levels between it and what is beside it, at least
STRAY, BEND = 0.5, 0.012  # px, and share of the way besides: how far off it may lie, as ends are not exact
FARTHEST = 2.5  # px that it may lie off, however long the way
CLEAR = 2  # px round lettering that are its own
HIDDEN = 3.0  # times as long as that: what letters may hide of it on end
STRETCH, PART = 10, 14  # px on end that it must show, and the long side of what is left of that, at least

Levels = NDArray[np.float32]


class _Side(NamedTuple):
    """A line's cross-section on one side of a hole: levels (n, 3) at px `across`, how unsteady, where seen."""

    across: Levels
    levels: Levels
    spread: Levels
    seen: NDArray[np.bool_]


class _Stub(NamedTuple):
    """A line up to a hole, which is `first` px from its end, and its cross-section, whose middle is at `middle` px."""

    end: End
    first: int
    middle: float
    side: _Side
    contrast: float


@dataclass(frozen=True, slots=True, eq=False)
class _Sheet:
    """A window of the page: levels (h, w, 3), which change as lines are drawn; what is masked, as numbers, too; holes;
    and how far each pixel is from the line that was drawn there.
    """

    levels: Levels
    mask: Mask
    hidden: Levels
    holes: Mask
    nearest: Levels


def _sheet(page: Image, mask: Mask, holes: Mask) -> _Sheet:
    nearest = np.full(mask.shape, np.inf, np.float32)
    return _Sheet(page.astype(np.float32), mask, mask.astype(np.float32), holes, nearest)


def draw(image: Image, mask: Mask, holes: Mask) -> Mask:
    """Draws, in place, lines of a page (H, W, 3) into its `holes` (H, W); gives what is left of these (H, W).

    What is masked (H, W) is not looked at. A line is found by its edges, followed through the hole, and taken if it
    comes out on the other side with the same cross-section; what is seen of the page between letters has to agree. As
    in structure propagation (Sun et al. 2005), but nobody has to show the lines. Without any the holes come back as
    they are.
    """
    left, widest = holes, int(WIDE * min(mask.shape))
    for tile in tiles.plan(holes, WINDOW, AROUND):
        at = tile.window.slices
        levels, drawn = _lines(np.ascontiguousarray(image[at]), mask[at], tile.own & left[at], widest)
        if drawn.any():
            left = holes.copy() if left is holes else left
            image[at][drawn] = levels[drawn]
            left[at] &= ~drawn
    return left


def shown(image: Image, mask: Mask, lettering: Mask) -> Mask:
    """Where straight lines of a page or a part of it (H, W, 3) show under a mask, clear of `lettering` (both (H, W)).

    Masks that grow round letters take panel borders along that run between these. Such a line comes from beyond the
    mask, and looks there as it does under it.
    """
    found, widest = np.zeros_like(mask), int(WIDE * min(mask.shape))
    for tile in tiles.plan(mask, WINDOW, AROUND):
        at = tile.window.slices
        page = np.ascontiguousarray(image[at])
        sheet, local = _sheet(page, mask[at], tile.own), np.zeros_like(tile.own)
        for end in edges.ends(page, mask[at]):
            stub = _stub(sheet, end, BARE) if end.length >= LINE else None
            if stub is not None and stub.contrast >= BOLD:
                _mark_shown(sheet, stub, local, widest)
        found[at] |= local & tile.own
    found &= ~grown(lettering, CLEAR)
    parts = pieces(found)
    return parts.those(parts.sides >= PART)


def _mark_shown(sheet: _Sheet, stub: _Stub, found: Mask, widest: int) -> None:
    """Marks where a line shows under the mask, as long as letters hide no more than so many px of it on end."""
    end, first = stub.end, stub.first
    height, width = found.shape
    along = np.arange(first, first + len(_way(sheet, end, height + width)[first:]), dtype=np.float32)
    slack = STRAY + BEND * (along - first)
    across = _across(BARE + FARTHEST)
    levels, _ = _sampled(sheet, end, along, across)
    least, shifts = np.full(len(along), np.inf), np.zeros(len(along))
    for shift in _across(FARTHEST).tolist():
        at = np.abs(across - shift) <= BARE
        unlike = np.sqrt(np.square(levels[:, at] - stub.side.levels).mean(1)).max(1)
        better = (unlike < least) & (abs(shift) <= slack)
        least[better], shifts[better] = unlike[better], shift
    last, most = 0, min(widest, HIDDEN * end.length)
    for start, stop in tiles.runs(least <= UNLIKE * stub.contrast):
        if start - last > most:
            break
        if stop - start < STRETCH:
            continue
        last = stop
        on = np.arange(start, stop - 0.5, 0.5)
        off = shifts[on.astype(int)][:, None] + np.arange(-BARE, BARE + 0.5, 0.5)
        x, y = _points(end, first + on, off)
        found[np.rint(y).astype(int).clip(0, height - 1), np.rint(x).astype(int).clip(0, width - 1)] = True


def _lines(page: Image, mask: Mask, holes: Mask, widest: int) -> tuple[Image, Mask]:
    """A window with the lines through its holes, of up to so many px, and where they were drawn.

    Where lines cross, the nearer one wins.
    """
    sheet = _sheet(page, mask, holes)
    for end in edges.ends(page, mask):
        stub = _stub(sheet, end)
        if stub is not None:
            _cross(sheet, stub, widest)
    return np.rint(sheet.levels).clip(0, 255).astype(np.uint8), np.isfinite(sheet.nearest)


def _way(sheet: _Sheet, end: End, count: int) -> NDArray[np.bool_]:
    """What is masked of the first so many px on from an end, as far as the window goes."""
    height, width = sheet.mask.shape
    along = np.arange(count)
    columns, rows = np.rint(end.x + end.right * along).astype(int), np.rint(end.y + end.down * along).astype(int)
    there = (columns >= 0) & (columns < width) & (rows >= 0) & (rows < height)
    stop = count if there.all() else int(there.argmin())
    return np.asarray(sheet.mask[rows[:stop], columns[:stop]])


def _stub(sheet: _Sheet, end: End, beside: float = BESIDE) -> _Stub | None:
    """The line that an end belongs to, with so many px on each side of it; None where there is no hole, or no line."""
    way = _way(sheet, end, edges.CLOSE)
    if not way.any():
        return None
    first, back = int(way.argmax()), min(BACK, int(end.length))
    side = _side(sheet, end, np.arange(first - 1 - back, first - 1), _across(beside))
    contrast = float(np.ptp(side.levels, axis=0).max())
    if contrast < FAINTEST or not side.seen.all() or side.spread.mean() > UNSTEADY * contrast:
        return None
    return _Stub(end, first, first - 1 - back / 2, side, contrast)


def _cross(sheet: _Sheet, stub: _Stub, widest: int) -> None:
    """Draws a line through its hole, if that is no wider than so many px and the line comes out on the other side."""
    end, first, middle, near, contrast = stub
    inside = _way(sheet, end, widest + edges.CLOSE + ROOM + 1)
    masked = np.cumsum(np.concatenate([[0], inside]))
    seen = np.flatnonzero(masked[ROOM:] == masked[:-ROOM])  # where so much is seen on end
    seen = seen[seen > first]
    if not len(seen):
        return
    last = int(seen[0])
    if not NARROW <= last - first <= min(widest, TIMES * end.length):
        return
    slack = ASIDE + DRIFT * (last - first)
    far = _side(sheet, end, np.arange(last + 1, last + 1 + BACK), _across(BESIDE + slack))
    shift, unlike = _best_shift(near, far, slack)
    if unlike > UNLIKE * contrast or far.spread[_within(far, shift)].mean() > UNSTEADY * contrast:
        return
    # Between the middles of both sides, the line drifts by the shift.
    slope = shift / (last + 1 + BACK / 2 - middle)
    if not _agrees(sheet, stub, last, slope):
        return
    rows, columns, along, off = _band(sheet, stub, last + SLANT, slope)
    share = ((along - first) / (last - first)).clip(0, 1)
    for channel in range(3):
        here = np.interp(off, near.across, near.levels[:, channel])
        there = np.interp(off + shift, far.across, far.levels[:, channel])
        sheet.levels[rows, columns, channel] = (1 - share) * here + share * there


def _band(
    sheet: _Sheet, stub: _Stub, stop: float, slope: float
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float64], NDArray[np.float64]]:
    """Rows and columns of the pixels of holes that a line covers up to `stop` px, how far along and off it they are.

    They are noted as drawn. Left out are those that are nearer to a line that is drawn already.
    """
    end = stub.end
    far = end.x + end.right * stop, end.y + end.down * stop
    room = DRAWN + 2 + abs(slope) * stop
    left, top = (max(int(min(pair) - room), 0) for pair in zip((end.x, end.y), far, strict=True))
    right, bottom = (int(max(pair) + room) + 1 for pair in zip((end.x, end.y), far, strict=True))
    rows, columns = np.nonzero(sheet.holes[top:bottom, left:right])
    rows, columns = rows + top, columns + left
    x, y = columns - end.x, rows - end.y
    along = x * end.right + y * end.down
    off = y * end.right - x * end.down - slope * (along - stub.middle)
    on = (along > stub.first - SLANT) & (along < stop) & (np.abs(off) <= DRAWN)
    on[on] = np.abs(off[on]) < sheet.nearest[rows[on], columns[on]]
    rows, columns, along, off = rows[on], columns[on], along[on], off[on]
    sheet.nearest[rows, columns] = np.abs(off)
    return rows, columns, along, off


def _across(reach: float) -> Levels:
    """Px across a line, as far as `reach` on each side."""
    steps = int(reach / FINE)
    return np.arange(-steps, steps + 1, dtype=np.float32) * np.float32(FINE)


def _within(side: _Side, shift: float) -> NDArray[np.bool_]:
    """Which px across are compared where a side lies `shift` px off."""
    return np.asarray(np.abs(side.across - shift) <= BESIDE)


def _points(
    end: End, along: NDArray[np.number], across: NDArray[np.number]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """x and y (m, n) at px `along` (m,) a line from its end and `across` it, (n,) or (m, n)."""
    x = np.asarray(end.x + end.right * along[:, None] - end.down * across, np.float64)
    return x, np.asarray(end.y + end.down * along[:, None] + end.right * across, np.float64)


def _sampled(sheet: _Sheet, end: End, along: NDArray[np.number], across: Levels) -> tuple[Levels, NDArray[np.bool_]]:
    """Levels (m, n, 3) at px `along` (m,) a line from its end and `across` it, (n,) or (m, n); which are seen."""
    x, y = (each.astype(np.float32) for each in _points(end, along, across))
    hidden = cv2.remap(sheet.hidden, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    levels = cv2.remap(sheet.levels, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(levels, np.float32), hidden < 0.01


def _side(sheet: _Sheet, end: End, along: NDArray[np.number], across: Levels) -> _Side:
    """The cross-section of a line, the mean of what is seen at px `along` it from its end and px `across`."""
    levels, seen = _sampled(sheet, end, along, across)
    count = np.maximum(seen.sum(0), 1)[:, None]
    mean = (levels * seen[..., None]).sum(0) / count
    spread = np.sqrt((np.square(levels - mean) * seen[..., None]).sum(0) / count).max(1)
    return _Side(across, mean.astype(np.float32), spread.astype(np.float32), seen.mean(0) >= LEAST)


def _best_shift(near: _Side, far: _Side, slack: float) -> tuple[float, float]:
    """How far across, px, the far side lies as the near one does, and by how many levels they differ there."""
    best, least = 0.0, np.inf
    for shift in _across(slack).tolist():
        at = _within(far, shift)
        if not far.seen[at].all():
            continue
        unlike = _difference(far.levels[at], near.levels) * (1 + abs(shift) / 16)
        if unlike < least:
            best, least = shift, unlike
    return best, least


def _difference(some: Levels, others: Levels) -> float:
    """The root of the mean square of what levels (n, 3) differ by, in the channel where it is most."""
    return float(np.sqrt(np.square(some - others).mean(0).max()))


def _agrees(sheet: _Sheet, stub: _Stub, last: int, slope: float) -> bool:
    """Whether what is seen along a line between letters looks like the line."""
    along = np.arange(stub.first, last, dtype=np.float32)
    across = stub.side.across + np.float32(slope) * (along[:, None] - np.float32(stub.middle))
    levels, seen = _sampled(sheet, stub.end, along, across)
    if seen.sum() < EVIDENCE:
        return True
    there = np.broadcast_to(stub.side.levels, levels.shape)
    return _difference(levels[seen], there[seen]) <= UNLIKE * stub.contrast
