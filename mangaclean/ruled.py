"""Straight lines behind lettering: seen on both sides of a hole, they are drawn; seen under a mask, they stay."""

import numpy as np
from numpy.typing import NDArray

from mangaclean import edges, profiles, tiles
from mangaclean.pieces import pieces
from mangaclean.profiles import Sheet, Stub
from mangaclean.strokes import grown
from mangaclean.types import Image, Mask

WINDOW = 1024  # px of page in which lines are looked for at once
AROUND = 96  # px that such a window shows besides
NARROW = 20  # px that a hole is wide along a line: what is less the painter does as well
WIDE = 0.16  # of the short side of what is looked at: a line through more than that is a guess
TIMES = 10.0  # as wide as the line is long, at most
DRAWN = 2.5  # px across a line, on each side of it, that are drawn
ASIDE, DRIFT = 1.75, 0.03  # px, and share of the hole besides: how far off the far side may lie
UNLIKE = 0.15  # of a line's contrast: what both sides, and what is seen of it between letters, may differ
SLANT = 4  # px past the middles of a hole's sides that a slanting line is drawn, to meet them across its width
ROOM = 7  # px beyond a hole that must be seen for it to end there
EVIDENCE = 8 / profiles.FINE  # samples between letters from which what is seen there counts
BARE = 3  # px across a line, on each side of it, that are compared where it shows under a mask
LINE = 20.0  # px of such a line that must be seen beyond the mask
BOLD = 150.0  # levels between it and what is beside it, at least
STRAY, BEND = 0.5, 0.012  # px, and share of the way besides: how far off it may lie, as ends are not exact
FARTHEST = 2.5  # px that it may lie off, however long the way
CLEAR = 2  # px round lettering that are its own
HIDDEN = 3.0  # times as long as that: what letters may hide of it on end
STRETCH, PART = 10, 14  # px on end that it must show, and the long side of what is left of that, at least


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
        sheet, local = Sheet.of(page, mask[at], tile.own), np.zeros_like(tile.own)
        for end in edges.ends(page, mask[at]):
            stub = profiles.stub_of(sheet, end, BARE) if end.length >= LINE else None
            if stub is not None and stub.profile.contrast >= BOLD:
                _mark_shown(sheet, stub, local, widest)
        found[at] |= local & tile.own
    found &= ~grown(lettering, CLEAR)
    parts = pieces(found)
    return parts.those(parts.sides >= PART)


def _mark_shown(sheet: Sheet, stub: Stub, found: Mask, widest: int) -> None:
    """Marks where a line shows under the mask, as long as letters hide no more than so many px of it on end."""
    end, first = stub.end, stub.first
    height, width = found.shape
    along = np.arange(first, first + len(profiles.ahead(sheet, end, height + width)[first:]), dtype=np.float32)
    slack = STRAY + BEND * (along - first)
    across = profiles.offsets(BARE + FARTHEST)
    levels, _ = profiles.sampled(sheet, end, along, across)
    least, shifts = np.full(len(along), np.inf), np.zeros(len(along))
    for shift in profiles.offsets(FARTHEST).tolist():
        at = np.abs(across - shift) <= BARE
        unlike = np.sqrt(np.square(levels[:, at] - stub.profile.levels).mean(1)).max(1)
        better = (unlike < least) & (abs(shift) <= slack)
        least[better], shifts[better] = unlike[better], shift
    last, most = 0, min(widest, HIDDEN * end.length)
    for start, stop in tiles.runs(least <= UNLIKE * stub.profile.contrast):
        if start - last > most:
            break
        if stop - start < STRETCH:
            continue
        last = stop
        on = np.arange(start, stop - 0.5, 0.5)
        off = shifts[on.astype(int)][:, None] + np.arange(-BARE, BARE + 0.5, 0.5)
        x, y = profiles.points(end, first + on, off)
        found[np.rint(y).astype(int).clip(0, height - 1), np.rint(x).astype(int).clip(0, width - 1)] = True


def _lines(page: Image, mask: Mask, holes: Mask, widest: int) -> tuple[Image, Mask]:
    """A window with the lines through its holes, of up to so many px, and where they were drawn.

    Where lines cross, the nearer one wins.
    """
    sheet = Sheet.of(page, mask, holes)
    for end in edges.ends(page, mask):
        stub = profiles.stub_of(sheet, end)
        if stub is not None:
            _cross(sheet, stub, widest)
    return np.rint(sheet.levels).clip(0, 255).astype(np.uint8), np.isfinite(sheet.nearest)


def _cross(sheet: Sheet, stub: Stub, widest: int) -> None:
    """Draws a line through its hole, if that is no wider than so many px and the line comes out on the other side."""
    end, first, near, contrast = stub.end, stub.first, stub.profile, stub.profile.contrast
    inside = profiles.ahead(sheet, end, widest + edges.CLOSE + profiles.ASTRAY + profiles.BACK + 1)
    masked = np.cumsum(np.concatenate([[0], inside]))
    seen = np.flatnonzero(masked[ROOM:] == masked[:-ROOM])  # where so much is seen on end
    seen = seen[seen > first]
    if not len(seen):
        return
    last, most = int(seen[0]), min(widest, TIMES * end.length)
    if not NARROW <= last - first <= most:
        return
    slack = ASIDE + DRIFT * (last - first)
    for behind in range(last, max(min(last + profiles.ASTRAY, len(inside) - profiles.BACK - 1), last) + 1, 2):
        there = np.arange(behind + 1, behind + 1 + profiles.BACK)
        far = profiles.profile_at(sheet, end, there, profiles.offsets(profiles.BESIDE + slack))
        shift, unlike = profiles.best_shift(near, far, slack)
        if np.isfinite(unlike):
            break
    unsteady = far.spread[profiles.compared(far, shift)].mean() > profiles.UNSTEADY * contrast
    if unlike > UNLIKE * contrast or unsteady:
        return
    if behind - first > most and inside[last:behind].any():  # behind a second hole
        return
    # Between the middles of both profiles, the line drifts by the shift.
    slope = shift / (behind + 1 + profiles.BACK / 2 - stub.middle)
    if not all(_agrees(sheet, stub, part, slope) for part in ((stub.clear, first), (first, last), (last, behind))):
        return
    rows, columns, along, off = _band(sheet, stub, behind + SLANT, slope)
    share = ((along - first) / (last - first)).clip(0, 1)
    for channel in range(3):
        here = np.interp(off, near.across, near.levels[:, channel])
        beyond = np.interp(off + shift, far.across, far.levels[:, channel])
        sheet.levels[rows, columns, channel] = (1 - share) * here + share * beyond


def _band(
    sheet: Sheet, stub: Stub, stop: float, slope: float
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float64], NDArray[np.float64]]:
    """Rows and columns of the pixels of holes that a line covers up to `stop` px, how far along and off it they are.

    They are noted as drawn. Left out are those that are nearer to a line that is drawn already.
    """
    end, start = stub.end, stub.clear - SLANT
    x, y = profiles.points(end, np.array([start, stop]), np.zeros(1))
    room = DRAWN + 2 + abs(slope) * (stop - start)
    left, top = max(int(x.min() - room), 0), max(int(y.min() - room), 0)
    rows, columns = np.nonzero(sheet.holes[top : int(y.max() + room) + 1, left : int(x.max() + room) + 1])
    rows, columns = rows + top, columns + left
    right, down = columns - end.x, rows - end.y
    along = right * end.right + down * end.down
    off = down * end.right - right * end.down - slope * (along - stub.middle)
    on = (along > start) & (along < stop) & (np.abs(off) <= DRAWN)
    on[on] = np.abs(off[on]) < sheet.nearest[rows[on], columns[on]]
    rows, columns, along, off = rows[on], columns[on], along[on], off[on]
    sheet.nearest[rows, columns] = np.abs(off)
    return rows, columns, along, off


def _agrees(sheet: Sheet, stub: Stub, part: tuple[int, int], slope: float) -> bool:
    """Whether what is seen of a line, from so many px on to so many, looks like the line."""
    if part[0] >= part[1]:
        return True
    along = np.arange(*part, dtype=np.float32)
    across = stub.profile.across + np.float32(slope) * (along[:, None] - np.float32(stub.middle))
    levels, seen = profiles.sampled(sheet, stub.end, along, across)
    if seen.sum() < EVIDENCE:
        return True
    there = np.broadcast_to(stub.profile.levels, levels.shape)
    return profiles.difference(levels[seen], there[seen]) <= UNLIKE * stub.profile.contrast
