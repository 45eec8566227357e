"""The ground that lettering stands on: its tone, how much it varies, and how far a fill is enough."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from mangaclean.pieces import pieces
from mangaclean.strokes import grown, ink_of, shrunk
from mangaclean.types import Box, Image, Mask

RING = 6.0  # px round the mask in which the ground is measured
HALO = 1.5  # px next to the mask that are left out: lettering may still glow there
WIDE = 16.0  # px round the mask where the ring alone shows too little
FEW = 24  # pixels of ground that are too few to judge by
STRAY = 15.0  # levels off the ground from which a pixel is a line of art or an outline, no ground
PASSING = 0.41  # share of the ring that a balloon's outline beside it may take
LINED = 0.5  # share of the ring of paper, which has one tone for the most part, that lines may take
PALE = 0.2  # share of it that may be off its tone without being a line: more is a light tone beside it
LONG = 12  # px of a line that can be seen beside a part, at least; dots of a screentone are shorter
LINES = 0.7  # share of what is no paper there that such lines have, at least
WIDENING = 1.1  # times as wide RING px away as beside the mask: an area of art, no line
SPECKS = 0.02  # share of the ring that is dirt, wherever it lies
TEXTURE = 3.0  # levels by which a ground varies when its noise is averaged out: brushwork, no grain
CLEAR = 3  # px from the mask where lettering's JPEG dirt is no longer counted as that
BLUR = 1.5  # px, σ of that average
LINE = 48.0  # levels off the ground from which what a hole touches is a line that may go on in it
REACHED = 12  # px of a hole beside such a line; an outline is no thicker
CUT = 0.13  # share of a part's rim that lies along areas which it cuts
ALIKE, MOST = 24, 0.6  # levels off an area's tone, up to which it is the same; share of that rim that has it
GOING_ON = 1 / 6  # of the px that it has there, as many as it has again, at least, where it goes on
ONWARD, BROAD = 9.0, 3  # px from the mask to where an area goes on, and half of what a line is wide, at most
UNKNOWN = 99.0  # deviation of a ground that cannot be seen


@dataclass(frozen=True, slots=True)
class Ground:
    """One ground: deviation in levels of the channel that varies most, its usual tone, and whether it is flat."""

    sigma: float
    tone: tuple[int, int, int]
    flat: bool


@dataclass(frozen=True, slots=True, eq=False)
class Survey:
    """The grounds of parts 0 … n-1 of a mask; part 0 is no part.

    `plane` holds for each part and channel the tone at the middle of the window and its slope along x and y, per px.
    """

    sigma: NDArray[np.float64]  # (n,)
    tone: NDArray[np.uint8]  # (n, 3)
    pure: NDArray[np.bool_]  # (n,) more than half of the ground has exactly the tone
    flat: NDArray[np.bool_]  # (n,)
    crossed: NDArray[np.bool_]  # (n,) flat but for dark lines or dots
    share: NDArray[np.float64]  # (n,) of the ring that is no ground
    plane: NDArray[np.float64]  # (n, 3, 3): part, (tone, dx, dy), channel
    nearest: NDArray[np.int32]  # (H, W) part that each pixel is nearest to
    even: NDArray[np.bool_]  # (H, W) pixels of the rings that are ground


def ground(image: Image, mask: Mask, flat: float, hidden: Mask | None = None) -> Ground:
    """The ground round all that is masked in a window (H, W, 3).

    `hidden` (H, W) marks what else is no ground, such as other lettering. The ground is measured on a ring round the
    mask. An outline or a line that passes by does not count against it; lines that enter from several sides do.
    """
    survey = measure(image, mask.astype(np.int32), 2, flat, hidden)
    return Ground(round(float(survey.sigma[1]), 3), tuple(survey.tone[1].tolist()), bool(survey.flat[1]))


def measure(image: Image, parts: NDArray[np.int32], count: int, flat: float, hidden: Mask | None = None) -> Survey:
    """Measure the grounds of the parts 1 … count-1 that `parts` (H, W) marks; 0 marks what is no hole."""
    mask = parts > 0
    far, nearest = _nearest(parts, mask)
    seen = ~mask & (far > HALO) & (far <= WIDE)
    if hidden is not None:
        seen &= ~hidden
    reach = np.where(np.bincount(nearest[seen & (far <= RING)], minlength=count) < FEW, WIDE, RING)
    ring = seen & (far <= reach[nearest])
    rows, columns = np.nonzero(ring)
    part = nearest[ring]
    values = image[ring].astype(np.float64)
    number = np.bincount(part, minlength=count)
    tone, pure = _tones(image[ring], part, count)
    height, width = mask.shape
    x, y = columns - width / 2, rows - height / 2
    plane = np.zeros((count, 3, 3))
    plane[:, 0] = tone
    off = np.abs(values - tone[part]).max(1)
    for limit in (4 * STRAY, STRAY, STRAY):  # a steep gradient is not lost in the first step
        plane = _planes(values, x, y, part, off <= limit, count, plane)
        off = np.abs(values - predicted(plane, part, x, y)).max(1)
    good = off <= STRAY
    even, stray = np.zeros_like(mask), np.zeros_like(mask)
    even[rows[good], columns[good]] = True
    stray[rows[~good], columns[~good]] = True
    share = np.bincount(part[~good], minlength=count) / np.maximum(number, 1)
    around = _deviation((values - predicted(plane, part, x, y))[good], part[good], count)
    overall = _deviation(values - tone[part], part, count)
    blobs = np.asarray(cv2.connectedComponents(stray.astype(np.uint8), connectivity=8)[1], np.int32)
    calm = (share <= SPECKS) | ((share <= PASSING) & (_entries(stray, blobs, far, nearest, count) <= 1))
    uncut = ~_cuts(image, blobs, far, nearest, count)
    is_flat = calm & uncut & (around <= flat) & (number >= FEW // 2)
    pale = np.bincount(part[~good & (off <= LINE)], minlength=count) / np.maximum(number, 1)
    crossed = ~is_flat & uncut & pure & (around <= flat) & (share <= LINED) & (pale <= PALE) & (number >= FEW)
    sigma = np.where(number < FEW // 2, UNKNOWN, np.where(is_flat, around, np.maximum(around, overall)))
    return Survey(sigma, tone, pure, is_flat, crossed, share, plane, nearest, even)


def predicted(
    plane: NDArray[np.float64], part: NDArray[np.int32], x: NDArray[np.float64], y: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Tones (n, 3) of the planes of `part` at x, y from the middle of the window."""
    own = plane[part]
    return np.asarray(own[:, 0] + own[:, 1] * x[:, None] + own[:, 2] * y[:, None])


def residues(image: Image, survey: Survey) -> NDArray[np.float32]:
    """How far the pixels of even ground (H, W, 3) are off the planes; 0 elsewhere."""
    rows, columns = np.nonzero(survey.even)
    height, width = survey.even.shape
    off = np.zeros(image.shape, np.float32)
    plane = predicted(survey.plane, survey.nearest[survey.even], columns - width / 2, rows - height / 2)
    off[survey.even] = image[survey.even] - plane
    return off


def averaged(off: NDArray[np.float32], survey: Survey) -> NDArray[np.float32]:
    """Residues without their noise (H, W, 3): normalised convolution over even ground."""
    weight = cv2.GaussianBlur(survey.even.astype(np.float32), (0, 0), BLUR)
    return np.asarray(cv2.GaussianBlur(off, (0, 0), BLUR) / np.maximum(weight, 1e-3)[..., None])


def textured(image: Image, parts: NDArray[np.int32], survey: Survey) -> NDArray[np.bool_]:
    """Which parts (n,) stand on brushwork or on what curves: neither a plane nor noise goes on as that does."""
    rough = ~survey.pure & (survey.sigma > TEXTURE)
    if not rough.any():
        return rough
    seen = survey.even & ~grown(parts > 0, CLEAR)
    smooth = averaged(residues(image, survey), survey)[seen].astype(np.float64)
    return np.asarray(rough & (_deviation(smooth, survey.nearest[seen], len(rough)) > TEXTURE))


def lined(image: Image, parts: NDArray[np.int32], survey: Survey) -> NDArray[np.bool_]:
    """Which parts (n,) stand on paper that lines cross, such as a narrow field's frame; a screentone is no lines."""
    if not survey.crossed.any():
        return survey.crossed
    hole = parts > 0
    rows, columns = np.nonzero(grown(survey.crossed[parts], int(WIDE)) & ~hole)
    part = survey.nearest[rows, columns]
    ink = np.zeros_like(hole)
    ink[rows, columns] = np.abs(image[rows, columns].astype(np.int16) - survey.tone[part]).max(1) > STRAY
    found = pieces(ink)
    long = found.those(found.sides >= LONG)[rows, columns]
    number = np.bincount(part[ink[rows, columns]], minlength=len(survey.crossed))
    return np.asarray(survey.crossed & (np.bincount(part[long], minlength=len(number)) >= LINES * number))


def beside_lines(image: Image, parts: NDArray[np.int32], survey: Survey) -> Mask:
    """Where holes (H, W) touch a line, such as a balloon's outline: a piece of it may be hidden there."""
    hole = parts > 0
    rows, columns = np.nonzero(grown(hole, int(RING)) & ~hole)
    height, width = hole.shape
    plane = predicted(survey.plane, survey.nearest[rows, columns], columns - width / 2, rows - height / 2)
    far_off = np.abs(image[rows, columns] - plane).max(1) > LINE
    ink = np.zeros_like(hole)
    ink[rows[far_off], columns[far_off]] = True
    lines = pieces(ink)
    goes_on = lines.count(~grown(hole, int(2 * HALO))) > 0  # lettering's own glow stays near it
    next_to = cv2.dilate(hole.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    return grown(lines.those(goes_on) & next_to, REACHED)


def _nearest(parts: NDArray[np.int32], mask: Mask) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """How far each pixel is from the mask, and the part it is nearest to."""
    if not mask.any():
        return np.full(mask.shape, np.inf, np.float32), np.zeros(mask.shape, np.int32)
    far, seeds = cv2.distanceTransformWithLabels(
        (~mask).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    owner = np.zeros(int(seeds.max()) + 1, np.int32)
    owner[seeds[mask]] = parts[mask]
    return np.asarray(far, np.float32), owner[seeds]


def _tones(values: NDArray[np.uint8], part: NDArray[np.int32], count: int) -> tuple[NDArray[np.uint8], Mask]:
    """For each part its commonest tone where that holds more than half of the ring, else the median."""
    tone = np.zeros((count, 3), np.uint8)
    pure = np.ones(count, bool)
    number = np.bincount(part, minlength=count)
    some = number > 0
    middle = (number.cumsum() - number + (number - 1) // 2)[some]
    for channel in range(3):
        ranked = np.sort(
            part.astype(np.int64) * 256 + values[:, channel]
        )  # parts in order, and each from dark to light
        tone[some, channel] = ranked[middle] % 256
        # A value that more than half of the pixels have is their median, too.
        alike = np.bincount(part[values[:, channel] == tone[part, channel]], minlength=count)
        pure &= alike * 2 > number
    return tone, pure & some


def _planes(
    values: NDArray[np.float64],
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    part: NDArray[np.int32],
    use: Mask,
    count: int,
    before: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Least squares planes through the ring of each part; parts with too little to go by keep their plane."""
    basis = np.stack([np.ones_like(x), x, y], 1)[use]
    own, seen = part[use], values[use]
    number = np.bincount(own, minlength=count)
    normal = np.empty((count, 3, 3))
    right = np.empty((count, 3, 3))
    for i in range(3):
        for j in range(3):
            normal[:, i, j] = np.bincount(own, basis[:, i] * basis[:, j], count)
            right[:, i, j] = np.bincount(own, basis[:, i] * seen[:, j], count)
    # A little stiffness: a ring of a few pixels must not tilt, and a row of them must not make this singular.
    normal[:, 1, 1] += 20 * number + 1
    normal[:, 2, 2] += 20 * number + 1
    normal[:, 0, 0] += number == 0
    enough = number >= FEW
    return np.where(enough[:, None, None], np.linalg.solve(normal, right), before)


def _deviation(off: NDArray[np.float64], part: NDArray[np.int32], count: int) -> NDArray[np.float64]:
    number = np.maximum(np.bincount(part, minlength=count), 1)
    squares = np.stack([np.bincount(part, off[:, channel] ** 2, count) for channel in range(3)])
    return np.asarray(np.sqrt(squares / number).max(0))


def _entries(
    stray: Mask, blobs: NDArray[np.int32], far: NDArray[np.float32], nearest: NDArray[np.int32], count: int
) -> NDArray[np.int64]:
    """At how many places something that is not ground ends at each part: a line behind a letter has two.

    What comes near and goes away again, as a balloon's outline does, passes by; so does what stands there alone, and an
    area that only touches the mask: it widens with each pixel away, which no line does.
    """
    at = stray & (far <= HALO + 1)
    away = stray & (far > RING - 1) & (far <= RING)  # as wide a belt
    contacts, ways, number = _parted(at, blobs), _parted(away, blobs), int(blobs.max()) + 1
    widens = np.bincount(blobs[away], minlength=number) > WIDENING * np.bincount(blobs[at], minlength=number) + 2
    ends = ((ways == 1) & ~widens) | ((ways == 0) & (contacts > 1))
    pairs = np.unique(np.stack([nearest[at], blobs[at]], 1), axis=0)
    return np.bincount(pairs[ends[pairs[:, 1]], 0], minlength=count)


def _cuts(
    image: Image, blobs: NDArray[np.int32], far: NDArray[np.float32], nearest: NDArray[np.int32], count: int
) -> NDArray[np.bool_]:
    """Which parts (n,) touch or hide the edge of an area of another tone, one of the `blobs` (H, W) of what is stray.

    They lie along it for a while, and the tone goes on from there: farther than an outline does, and wider than a line.
    """
    rim, beyond = (far > HALO) & (far <= HALO + 2), (far > ONWARD) & (far <= ONWARD + 2)
    rows, columns = np.nonzero(rim & (blobs > 0))
    parts, values = nearest[rows, columns], image[rows, columns]
    number = int(blobs.max()) + 1
    pairs, pair, touched = np.unique(
        parts.astype(np.int64) * number + blobs[rows, columns], return_inverse=True, return_counts=True
    )
    cut = np.zeros(count)  # px of each part's rim
    for i in np.flatnonzero(touched >= LONG).tolist():
        own, part = pair == i, int(pairs[i] // number)
        tone = np.median(values[own], axis=0)
        if (np.abs(values[own] - tone).max(1) <= ALIKE).mean() >= MOST:
            place = Box(int(columns[own].min()), int(rows[own].min()), int(columns[own].max()), int(rows[own].max()))
            at = place.grown(int(ONWARD) + BROAD + 4, *far.shape[::-1]).slices
            area = shrunk(ink_of(image[at], tone.astype(np.uint8)) <= ALIKE, BROAD)
            goes_on = np.count_nonzero(area & beyond[at] & (nearest[at] == part)) >= GOING_ON * touched[i]
            cut[part] += goes_on * touched[i]
    return cut > CUT * np.bincount(nearest[rim], minlength=count)


def _parted(mask: Mask, blobs: NDArray[np.int32]) -> NDArray[np.int64]:
    """Of how many pieces what `mask` leaves of each blob is."""
    count, labels = cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)
    of = np.zeros(count, np.int64)
    of[labels[mask]] = blobs[mask]
    return np.bincount(of[1:], minlength=int(blobs.max()) + 1)
