"""A text fitted into its place: at the size meant, else smaller, divided, tighter; what does not fit is told."""

from dataclasses import dataclass

import numpy as np

from mangaclean import breaking, layout, rooms, shaping
from mangaclean.breaking import Break
from mangaclean.layout import Align, Layout, Measured
from mangaclean.lettering import Set
from mangaclean.markup import Copy
from mangaclean.rooms import Place
from mangaclean.shaping import Typography
from mangaclean.types import Mask

STEPS = 5  # halvings in looking for the largest size that fits
SHRUNK = 0.8  # a text shrinks so far before words are divided
GAIN = 1.15  # and they are if that makes it so much larger
A_LITTLE = 0.93  # a size that nobody tells from the one meant
UGLY, BETTER = 0.5, 0.1  # it is taken where that makes bad lines so much better
TIGHT = 0.3  # share of the margin that stays where the whole of it makes letters too small


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """A text and how it is to be set, but for its size and lines; `leading` in ems."""

    copy: Copy
    how: Typography
    rtl: bool
    align: Align
    leading: float
    hyphens: bool


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """Lines in their places on the page, as text too, the size in px, and whether it is not below the smallest."""

    lines: tuple[Set, ...]
    texts: tuple[str, ...]
    size: float
    fits: bool


@dataclass(frozen=True, slots=True, eq=False)
class _Broken:
    breaks: tuple[Break, ...]
    measured: Measured


def fitted(job: Job, place: Place, most: float, least: float, margin: float) -> Fitted | None:
    """Set a text at `most` px an em or as little less as it takes; None where there is nothing to set.

    Whatever happens no ink leaves the place's box and no word is lost: a text that is too long even at `least` is set
    smaller than that, and `fits` says so.
    """
    plain = _broken(job, hyphens=False)
    if plain.measured.reach[-1] <= 0:
        return None
    found = _largest(job, plain.measured, place, most, least, margin)
    if found and found[1] >= SHRUNK * most:
        return _placed(job, plain.breaks, place, *found, True)
    broken = _broken(job, hyphens=True) if job.hyphens else plain
    if found and len(broken.breaks) > len(plain.breaks):
        divided = _largest(job, broken.measured, place, most, found[1] * GAIN, margin)
        if divided:
            return _placed(job, broken.breaks, place, *divided, True)
    if found:
        return _placed(job, plain.breaks, place, *found, True)
    whole = Place(place.box, np.ones_like(place.inside), False)
    tail = Place(place.box, place.inside, False)  # with its tail and corners
    tries = (
        (broken, place, least, margin, True),
        (plain, place, least, margin * TIGHT, True),
        (broken, tail, least, margin * TIGHT, True),  # rather a tight balloon than what nobody can read
        (broken, tail, least / 2, margin * TIGHT, False),
        (broken, whole, least / 8, 0.0, False),
        (broken, whole, least / 64, 0.0, False),
    )
    for text, where, lowest, space, fits in tries:
        top = most if fits else least
        if found := _largest(job, text.measured, where, top, lowest, space):
            return _placed(job, text.breaks, where, *found, fits)
    return None


def _broken(job: Job, hyphens: bool) -> _Broken:
    breaks = breaking.breaks(job.copy, job.how.language, hyphens)
    return _Broken(breaks, shaping.measure(job.copy, breaks, job.how, job.rtl))


def _largest(
    job: Job, text: Measured, place: Place, most: float, least: float, margin: float
) -> tuple[Layout, float] | None:
    """The largest size from `least` to `most` px at which a text fits, nearly, and its layout there."""
    rooms_at: dict[int, layout.Room | None] = {}

    def at(size: float) -> Layout | None:
        # A pixel more: letters are drawn on a grid of quarters, and fade out over one
        by = round(margin * size) + 1
        if by not in rooms_at:
            mask = rooms.eroded(place, by)
            rooms_at[by] = layout.room_of(_turned(mask) if job.how.vertical else mask)
        room = rooms_at[by]
        return layout.fit(text, room, size, job.leading, job.align) if room else None

    if found := at(most):
        smaller = at(max(most * A_LITTLE, least)) if found.score > UGLY else None
        if smaller and smaller.score + BETTER < found.score:
            return smaller, max(most * A_LITTLE, least)
        return found, most
    if least >= most or (lowest := at(least)) is None:
        return None
    best, low, high = (lowest, least), least, most
    for _ in range(STEPS):
        middle = (low * high) ** 0.5
        if found := at(middle):
            best, low = (found, middle), middle
        else:
            high = middle
    return best


def _turned(mask: Mask) -> Mask:
    """A room for columns from right to left as one for lines from the top down."""
    return np.ascontiguousarray(mask.T[::-1])


def _placed(job: Job, breaks: tuple[Break, ...], place: Place, found: Layout, size: float, fits: bool) -> Fitted:
    lines, texts = [], []
    ats = (0, *(place.at for place in breaks))
    box = place.box
    for one in found.lines:
        end = breaks[one.last - 1]
        line = shaping.line(job.copy, ats[one.first], end.at, end.hyphen)
        shaped = shaping.shape(line, job.how, job.rtl)
        spare = one.length - shaped.length * size  # stretches shaped together may differ a little
        x = one.x + spare * {"left": 0.0, "center": 0.5, "right": 1.0}[job.align]
        if job.how.vertical:
            lines.append(Set(shaped, box.right - one.y, box.top + x))
        else:
            lines.append(Set(shaped, box.left + x, box.top + one.y))
        texts.append(line.text)
    return Fitted(tuple(lines), tuple(texts), size, fits)
