"""Line profiles: the levels across a straight line, beside a hole in it."""

from dataclasses import dataclass
from typing import NamedTuple, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from mangaclean import edges
from mangaclean.edges import End
from mangaclean.types import Image, Mask

BACK = 10  # px along a line, on each side of a hole, that are compared
ASTRAY = 32  # px before and after the hole where those are sought, as letters may lie close beside a line
BESIDE = 4  # px across a line, on each side of it, that are compared
FINE = 0.25  # px from one of them to the next, lest lines blur
FAINTEST = 60.0  # levels between a line and what is beside it
UNSTEADY = 0.15  # of these: what a side may vary along the line
LEAST = 0.6  # share of what is compared that must be seen

Levels = NDArray[np.float32]


class Profile(NamedTuple):
    """A line's cross-section on one side of a hole: levels (n, 3) at px `across`, how unsteady, where seen."""

    across: Levels
    levels: Levels
    spread: Levels
    seen: NDArray[np.bool_]

    @property
    def contrast(self) -> float:
        """Levels between the line and what is beside it, in the channel where it is most."""
        return float(np.ptp(self.levels, axis=0).max())


class Stub(NamedTuple):
    """A line up to a hole that is `first` px from its end, and its cross-section.

    That is seen up to `clear` px from its end, which may lie before it (negative); its middle is at `middle` px.
    """

    end: End
    first: int
    clear: int
    middle: float
    profile: Profile


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """A window of the page: levels (h, w, 3), which change as lines are drawn; what is masked, as numbers, too; holes;
    and how far each pixel is from the line that was drawn there.
    """

    levels: Levels
    mask: Mask
    hidden: Levels
    holes: Mask
    nearest: Levels

    @classmethod
    def of(cls, page: Image, mask: Mask, holes: Mask) -> Self:
        nearest = np.full(mask.shape, np.inf, np.float32)
        return cls(page.astype(np.float32), mask, mask.astype(np.float32), holes, nearest)


def ahead(sheet: Sheet, end: End, count: int) -> NDArray[np.bool_]:
    """What is masked of the first so many px on from an end, as far as the window goes."""
    height, width = sheet.mask.shape
    along = np.arange(count)
    columns, rows = np.rint(end.x + end.right * along).astype(int), np.rint(end.y + end.down * along).astype(int)
    there = (columns >= 0) & (columns < width) & (rows >= 0) & (rows < height)
    stop = count if there.all() else int(there.argmin())
    return np.asarray(sheet.mask[rows[:stop], columns[:stop]])


def stub_of(sheet: Sheet, end: End, beside: float = BESIDE) -> Stub | None:
    """The line that an end belongs to, with so many px on each side of it, sought up to `ASTRAY` px back.

    None where there is no hole, where it is nowhere seen in full, and where that is no line, or an unsteady one.
    """
    hidden = ahead(sheet, end, edges.CLOSE)
    if not hidden.any():
        return None
    first, back = int(hidden.argmax()), min(BACK, int(end.length))
    for last in range(first - 1, max(first - 1 - ASTRAY, back - int(end.length)) - 1, -2):
        profile = profile_at(sheet, end, np.arange(last - back, last), offsets(beside))
        if profile.seen.all():
            steady = profile.contrast >= FAINTEST and profile.spread.mean() <= UNSTEADY * profile.contrast
            return Stub(end, first, last + 1, last - back / 2, profile) if steady else None
    return None


def offsets(reach: float) -> Levels:
    """Px across a line, as far as `reach` on each side."""
    steps = int(reach / FINE)
    return np.arange(-steps, steps + 1, dtype=np.float32) * np.float32(FINE)


def compared(profile: Profile, shift: float) -> NDArray[np.bool_]:
    """Which px across are compared where a profile lies `shift` px off."""
    return np.asarray(np.abs(profile.across - shift) <= BESIDE)


def points(
    end: End, along: NDArray[np.number], across: NDArray[np.number]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """x and y (m, n) at px `along` (m,) a line from its end and `across` it, (n,) or (m, n)."""
    x = np.asarray(end.x + end.right * along[:, None] - end.down * across, np.float64)
    return x, np.asarray(end.y + end.down * along[:, None] + end.right * across, np.float64)


def sampled(sheet: Sheet, end: End, along: NDArray[np.number], across: Levels) -> tuple[Levels, NDArray[np.bool_]]:
    """Levels (m, n, 3) at px `along` (m,) a line from its end and `across` it, (n,) or (m, n); which are seen."""
    x, y = (each.astype(np.float32) for each in points(end, along, across))
    hidden = cv2.remap(sheet.hidden, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    levels = cv2.remap(sheet.levels, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(levels, np.float32), hidden < 0.01


def profile_at(sheet: Sheet, end: End, along: NDArray[np.number], across: Levels) -> Profile:
    """The cross-section of a line, the mean of what is seen at px `along` it from its end and px `across`."""
    levels, seen = sampled(sheet, end, along, across)
    count = np.maximum(seen.sum(0), 1)[:, None]
    mean = (levels * seen[..., None]).sum(0) / count
    spread = np.sqrt((np.square(levels - mean) * seen[..., None]).sum(0) / count).max(1)
    return Profile(across, mean.astype(np.float32), spread.astype(np.float32), seen.mean(0) >= LEAST)


def best_shift(near: Profile, far: Profile, slack: float) -> tuple[float, float]:
    """How far across, px, the far side lies as the near one does, and by how many levels they differ there."""
    best, least = 0.0, np.inf
    for shift in offsets(slack).tolist():
        at = compared(far, shift)
        if not far.seen[at].all():
            continue
        unlike = difference(far.levels[at], near.levels) * (1 + abs(shift) / 16)
        if unlike < least:
            best, least = shift, unlike
    return best, least


def difference(some: Levels, others: Levels) -> float:
    """The root of the mean square of what levels (n, 3) differ by, in the channel where it is most."""
    return float(np.sqrt(np.square(some - others).mean(0).max()))
