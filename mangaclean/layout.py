"""Where the lines of a text stand: how it is broken, and how the lines are shaped into a room."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mangaclean.types import Mask

Align = Literal["left", "center", "right"]
Floats = NDArray[np.float64]

SHIFTS = (0.0, -0.5, 0.5, -1.0, 1.0)  # lines by which a text may stand above or below the middle
HIGH = 0.5  # what a text costs that is as high as its room
FULL = 0.85  # share of the room's width that lines may take at no cost
BROAD = 1.5  # and what they cost beyond it
FLAT = 2.6  # width / height from which a text looks like a strip
STRIP = 0.12
RAGGED = 1.2  # what lines cost that do not follow the room's shape
LONE = 0.25  # what a first or last line of a letter or two costs


@dataclass(frozen=True, slots=True, eq=False)
class Room:
    """Where text may stand: row by row of pixels, the first column of it and the one after its last.

    `middle` is the row about which text is centred. A room for columns is a room for lines turned by a quarter.
    """

    left: NDArray[np.int32]
    right: NDArray[np.int32]
    middle: float

    @property
    def width(self) -> int:
        return int((self.right - self.left).max(initial=0))

    @property
    def height(self) -> int:
        return len(self.left)

    def window(self, top: float, bottom: float) -> tuple[int, int] | None:
        """First column and the one after the last that are free on all rows between; None where rows run out."""
        first, last = int(np.floor(top)), int(np.ceil(bottom))
        if first < 0 or last > len(self.left) or first >= last:
            return None
        return int(self.left[first:last].max()), int(self.right[first:last].min())


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """A text as layout sees it, in ems: `reach[k]` is how far it runs up to break k, `blank[k]` the white before that
    break, `extra[k]` the hyphen, `cost[k]` what breaking costs; break 0 is the text's beginning, the last its end.

    `above` and `below` are how far ink goes from the line's axis (the baseline, a column's middle), `side` how far it
    may hang out before and after a line.
    """

    reach: Floats
    blank: Floats
    extra: Floats
    cost: Floats
    forced: NDArray[np.bool_]
    above: float
    below: float
    side: float = 0.0


@dataclass(frozen=True, slots=True)
class Placed:
    """A line from break `first` to break `last`: its beginning x and its axis y in the room's pixels, its length."""

    first: int
    last: int
    x: float
    y: float
    length: float


@dataclass(frozen=True, slots=True)
class Layout:
    lines: tuple[Placed, ...]
    score: float


def room_of(mask: Mask) -> Room | None:
    """The room in a mask (H, W) of where text may stand; rows above and below it are not part of it. None: no room.

    Of each row the stretch counts that overlaps its neighbour's most, beginning at the widest.
    """
    height = mask.shape[0]
    padded = np.zeros((height, mask.shape[1] + 2), np.int8)
    padded[:, 1:-1] = mask
    steps = np.diff(padded, axis=1)
    rows, starts = np.nonzero(steps == 1)
    ends = np.nonzero(steps == -1)[1]
    if not len(rows):
        return None
    bounds = np.searchsorted(rows, np.arange(height + 1))
    widest = int(np.argmax(ends - starts))
    left, right = np.zeros(height, np.int32), np.zeros(height, np.int32)
    first = last = seed = int(rows[widest])
    left[seed], right[seed] = starts[widest], ends[widest]
    for step in (-1, 1):
        row = seed + step
        while 0 <= row < height and bounds[row] < bounds[row + 1]:
            here = slice(bounds[row], bounds[row + 1])
            shared = np.minimum(ends[here], right[row - step]) - np.maximum(starts[here], left[row - step])
            best = int(shared.argmax())
            if shared[best] <= 0:
                break
            left[row], right[row] = starts[here][best], ends[here][best]
            first, last = min(first, row), max(last, row)
            row += step
    left[:first], right[:first] = 0, 0
    widths = (right - left)[first : last + 1].astype(float)
    middle = float((np.arange(first, last + 1) * widths).sum() / widths.sum()) + 0.5
    # Rows outside keep their numbers, with no room in them, so that places are those of the mask
    left[:first] = left[last + 1 :] = mask.shape[1]
    right[:first] = right[last + 1 :] = 0
    return Room(left, right, middle)


def fit(text: Measured, room: Room, size: float, leading: float, align: Align = "center") -> Layout | None:
    """The best way to set a text at `size` px an em, with lines `leading` ems apart; None if there is none.

    No ink leaves the room and no part of the text is left out. For each number of lines, dynamic programming finds the
    breaks whose lines follow the room's shape best (after Knuth and Plass, 1981); then the number that leaves the most
    even margin is taken.
    """
    step, above, below = leading * size, text.above * size, text.below * size
    rows = np.nonzero(room.right > room.left)[0]
    if not len(rows):
        return None
    tall = int(rows[-1] - rows[0]) + 1
    lengths, reach = _lengths(text) * size, _Reach.of(text, size)
    total = float(text.reach[-1]) * size
    most = min(len(text.reach) - 1, int(max(tall - above - below, 0) // step) + 1)
    least = max(int(total * 0.9 // max(room.width, 1)), int(text.forced[1:-1].sum()) + 1, 1)
    best: Layout | None = None
    for count in range(least, most + 1):
        high = above + below + (count - 1) * step
        if high > tall:
            break
        if best is not None and HIGH * high / tall > best.score:
            break  # more lines only make it higher
        for shift in SHIFTS:
            top = room.middle - high / 2 + shift * step * 0.5
            windows = _windows(room, [top + i * step for i in range(count)], above + below, text.side * size)
            found = _lines(text, lengths, reach, windows, total, above + below, align) if windows else None
            if found is None:
                continue
            places, ragged = found
            wide = max(line[3] for line in places)
            score = HIGH * high / tall + BROAD * max(wide / room.width - FULL, 0) + ragged + 0.06 * abs(shift)
            score += STRIP * max(wide / high / FLAT - 1, 0)
            if best is None or score < best.score:
                axes = [top + above + i * step for i in range(count)]
                lines = [Placed(a, b, x, y, n) for (a, b, x, n), y in zip(places, axes, strict=True)]
                best = Layout(tuple(lines), score)
            break
    return best


def _windows(room: Room, tops: Sequence[float], high: float, side: float) -> list[tuple[float, float]]:
    """What is free on each line that begins at one of `tops`; empty where a line has no room."""
    found = []
    for top in tops:
        window = room.window(top, top + high)
        if window is None or window[1] - window[0] <= 2 * side:
            return []
        found.append((window[0] + side, window[1] - side))
    return found


def _lengths(text: Measured) -> Floats:
    """Length in ems of a line from break a (row) to break b (column); infinite where there is no such line."""
    made = text.reach[None, :] - text.blank[None, :] + text.extra[None, :] - text.reach[:, None]
    made[np.tril_indices(len(made))] = np.inf
    divided = np.nonzero(text.extra)[0]
    made[np.ix_(divided, divided)] = np.inf  # never two hyphens one below the other
    for k in np.nonzero(text.forced[1:-1])[0] + 1:
        made[:k, k + 1 :] = np.inf
    return made


_Found = tuple[list[tuple[int, int, float, float]], float]


@dataclass(frozen=True, slots=True)
class _Reach:
    """Where lines begin at each break, px, and the least that any line up to this break or a later one runs to."""

    starts: list[float]
    ends: list[float]

    @classmethod
    def of(cls, text: Measured, size: float) -> "_Reach":
        ends = (text.reach - text.blank + text.extra) * size
        return cls((text.reach * size).tolist(), np.minimum.accumulate(ends[::-1])[::-1].tolist())

    def within(self, widths: list[float]) -> bool:
        """Whether lines of at most these widths, each as long as can be, hold the text, but for what may not be broken.

        Most tries end here, at a tenth of the time that the search for the best breaks takes.
        """
        at, last = 0, len(self.ends) - 1
        for width in widths:
            at = bisect_right(self.ends, self.starts[at] + width + 1e-6) - 1
            if at >= last:
                return True
        return False


def _lines(
    text: Measured,
    lengths: Floats,
    reach: _Reach,
    windows: Sequence[tuple[float, float]],
    total: float,
    high: float,
    align: Align,
) -> _Found | None:
    """Lines (first break, last break, x, length) for these windows, and how ragged they are."""
    lefts, rights = (np.array(side, float) for side in zip(*windows, strict=True))
    if align == "center":
        # One axis for all lines, where the room has its middle on these rows
        weights = np.maximum(rights - lefts, 0)
        if weights.min() <= 0:
            return None
        axis = float(((lefts + rights) / 2 * weights).sum() / weights.sum())
        widths = 2 * np.minimum(axis - lefts, rights - axis)
    elif align == "left":
        axis = float(lefts.max())
        widths = rights - axis
    else:
        axis = float(rights.min())
        widths = axis - lefts
    if widths.min() <= 0 or not reach.within(widths.tolist()):
        return None
    broken = _broken(text, lengths, widths, total, high, fill=align == "center")
    if broken is None:
        return None
    ends, ragged = broken
    sizes = [float(lengths[a, b]) for a, b in pairwise(ends)]
    # The block as a whole stands as near to the middle as its lines allow
    middle = float((lefts + rights).mean()) / 2
    if align == "left":
        spare = min(right - axis - n for right, n in zip(rights, sizes, strict=True))
        starts = [min(max(middle - max(sizes) / 2, axis), axis + spare)] * len(sizes)
    elif align == "right":
        spare = min(axis - left - n for left, n in zip(lefts, sizes, strict=True))
        end = max(min(middle + max(sizes) / 2, axis), axis - spare)
        starts = [end - n for n in sizes]
    else:
        starts = [axis - n / 2 for n in sizes]
    return [(a, b, x, n) for (a, b), x, n in zip(pairwise(ends), starts, sizes, strict=True)], ragged


def _broken(
    text: Measured, lengths: Floats, widths: Floats, total: float, high: float, fill: bool
) -> tuple[list[int], float] | None:
    """The breaks, first and last included, of the least ragged lines of at most these widths; and how ragged."""
    share = min(total / float(widths.sum()), 1.0)
    targets = widths * share if fill else np.full(len(widths), min(total / len(widths), float(widths.min())))
    broadest = float(targets.max())
    best = np.full(len(text.reach), np.inf)
    best[0] = 0.0
    back: list[NDArray[np.intp]] = []
    for i, (width, target) in enumerate(zip(widths, targets, strict=True)):
        over = lengths > width
        costs = RAGGED * ((lengths - target) / broadest) ** 2 + text.cost[None, :]
        if i in (0, len(widths) - 1) and len(widths) > 1:
            costs = costs + LONE * (lengths < 1.2 * high)
        costs = np.where(over, np.inf, costs) + best[:, None]
        back.append(costs.argmin(axis=0))
        best = costs.min(axis=0)
    if not np.isfinite(best[-1]):
        return None
    ends = [len(best) - 1]
    for previous in reversed(back):
        ends.append(int(previous[ends[-1]]))
    return ends[::-1], float(best[-1]) / len(widths)
