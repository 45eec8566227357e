"""Removal of lettering: flat grounds get their own tone, the rest goes to an inpainter by tiles."""

from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from mangaclean import coarse, grounds, memory, ruled, tiles
from mangaclean.config import InpaintConfig
from mangaclean.grounds import Survey
from mangaclean.pieces import pieces
from mangaclean.strokes import grown, shrunk
from mangaclean.types import Image, Inpainter, Mask

Pixels = TypeVar("Pixels", Image, Mask)

WINDOW = 1024  # px of page in which grounds are measured at once
AROUND = 24  # px that such a window shows besides; more than the widest ring
CELL = 64  # px of the parts in which a large piece of mask is judged
LARGE = 128  # px from which a piece of mask is judged by cells
LEVEL = 1.5  # levels by which a ground may change over a part and still get one tone
GRAIN = 1.2  # deviation in levels from which a fill without grain shows as a patch
NORMAL = 1.48  # times as large as the median distance from the mean is the deviation of a normal distribution
STRONG, FAINT = 96, 24  # levels off a flat ground: a line that was painted on it, and its soft edge
CROSSING = 36  # levels off paper that lines cross: such a line, where it is thin
SMUDGE = 3  # px: half the width of what is grey and no line
EDGE = 2  # px that the soft edge of a line is wide
REACH = 8.0  # px over which the ring's tone leads into the fill


def remove(image: Image, mask: Mask, inpainter: Inpainter, cfg: InpaintConfig) -> Image:
    """`image` (H, W, 3) with the pixels of `mask` (H, W) painted over; all others stay as they are.

    Flat and slowly varying grounds are continued from round the strokes; the rest goes to `inpainter`, which sees
    flat grounds already filled. A page without colour stays without, one in black and white alone as well: its tones go
    on in dots.
    """
    return painted(image, mask, inpainter, cfg)[0]


def painted(image: Image, mask: Mask, inpainter: Inpainter, cfg: InpaintConfig) -> tuple[Image, Mask]:
    """What `remove` makes of a page, and the part of the mask (H, W) that `inpainter` painted."""
    if not mask.any():
        return image.copy(), mask.copy()
    memory.begin(image)
    filled, art, lines = flatten(image, mask, cfg.flat)
    if art.any():
        paper = [
            (tile.window.slices, tile.own, filled[tile.window.slices][tile.own])
            for tile in tiles.plan(lines > 0, WINDOW, AROUND)
        ]

        def by_tiles(page: Image, holes: Mask) -> None:
            tiles.compose(page, holes, cfg.core, cfg.context, inpainter)

        # Who redraws by hand, and asked for white, wants nothing drawn.
        holes = ruled.draw(filled, mask, art) if cfg.lines and cfg.engine != "white" else art
        by_tiles(filled, coarse.deepen(filled, holes, by_tiles))
        del holes  # a page may be so large that one mask more is too much
        for at, own, level in paper:
            _lines_alone(filled[at], lines[at], own, level)
        if _grey(image):
            two = _bilevel(image)
            for part, hole in zip(_strips(filled), _strips(art), strict=True):
                levels = part[hole].mean(1, keepdims=True).round()
                part[hole] = np.where(levels < 128, 0, 255) if two else levels
    for part, page, hole in zip(_strips(filled), _strips(image), _strips(mask), strict=True):
        np.copyto(part, page, where=~hole[..., None])  # whatever an engine did
    return filled, art


def flatten(image: Image, mask: Mask, flat: float) -> tuple[Image, Mask, NDArray[np.uint8]]:
    """Fill the flat grounds under `mask`.

    Returns the page, the part of the mask that is left to an inpainter, and what of that is filled already, but may
    hide a line: how far off the ground, in levels (H, W), what is painted there has to be to be one; 0 elsewhere.
    """
    out = image.copy()
    art = mask.copy()
    lines = np.zeros(mask.shape, np.uint8)
    for tile in tiles.plan(mask, WINDOW, AROUND):
        at = tile.window.slices
        count, labels, stats, _ = cv2.connectedComponentsWithStats(mask[at].astype(np.uint8), connectivity=8)
        parts = labels.astype(np.int32, copy=False)
        survey = whole = grounds.measure(image[at], parts, count, flat)
        unsplit = parts
        large = np.maximum(stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT]) > LARGE
        large[0] = False
        if (large & ~survey.flat).any():  # one end in a balloon, the other on art?
            parts, cells = _cells(parts, large & ~survey.flat, tile.window.left, tile.window.top)
            survey = grounds.measure(image[at], parts, count + len(cells), flat)
            survey.flat[count:] &= (survey.share[count:] <= grounds.SPECKS) & _agreeing(cells, survey, count)
        survey.flat[grounds.textured(image[at], parts, survey)] = False
        own = tile.own & survey.flat[parts]
        if own.any():
            out[at][own] = _fill(image[at], parts, survey, own)
            # A cell of a larger piece touches what is painted anyway.
            cut = own & (parts < count) & grounds.beside_lines(image[at], parts, survey)
            lines[at][cut] = STRONG
            art[at] &= ~own | cut
        lined = tile.own & grounds.lined(image[at], unsplit, whole)[unsplit] & ~survey.flat[parts]
        if lined.any():
            out[at][lined] = _fill(image[at], unsplit, whole, lined)
            lines[at][lined] = CROSSING
    return out, art, lines


def _lines_alone(page: Image, lines: NDArray[np.uint8], own: Mask, level: Image) -> None:
    """Put the flat ground, `level` (n, 3), back where the pixels of `own` (h, w) were painted as anything but a line.

    A line is off the ground by the levels in `lines` (h, w), by STRONG somewhere; where it is not, it is no wider than
    a line.
    """
    off = np.zeros(lines.shape, np.uint8)
    off[own] = np.abs(page[own].astype(np.int16) - level).max(1)
    seen = off > lines
    pale = seen & (off <= STRONG)
    found = pieces(seen & ~(pale & grown(shrunk(pale, SMUDGE), SMUDGE + EDGE)))
    line = grown(found.those(found.count(off > STRONG) > 0), EDGE)
    line &= off > FAINT
    page[own] = np.where(line[own][:, None], page[own], level)


def _grey(image: Image) -> bool:
    return all(bool((part == part[..., :1]).all()) for part in _strips(image))


def _bilevel(image: Image) -> bool:
    """Whether a grey page has black and white alone, but for a speck."""
    between = sum(np.count_nonzero((part[..., 0] > 8) & (part[..., 0] < 247)) for part in _strips(image))
    return bool(between <= 0.001 * image.shape[0] * image.shape[1])


def _strips(array: Pixels) -> list[Pixels]:
    """Views of a page, some hundred rows each: what is computed for all pixels at once weighs more than the page."""
    return np.array_split(array, max(len(array) // 512, 1))


def _cells(
    parts: NDArray[np.int32], split: NDArray[np.bool_], left: int, top: int
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Number the parts to `split` anew, by cells of the page. Returns (n, 3) for these: old part, row, column."""
    where = split[parts]
    rows, columns = np.nonzero(where)
    row, column = (rows + top) // CELL, (columns + left) // CELL
    shape = (len(split), int(row.max()) + 1, int(column.max()) + 1)
    keys, number = np.unique(np.ravel_multi_index((parts[where], row, column), shape), return_inverse=True)
    cells = np.stack(np.unravel_index(keys, shape), 1)
    parts = parts.copy()
    parts[where] = len(split) + number.reshape(-1)
    return parts, cells


def _agreeing(cells: NDArray[np.int64], survey: Survey, first: int) -> NDArray[np.bool_]:
    """Which cells have no flat neighbour of another tone: where grounds meet, none may win by a straight edge."""
    flat, tone = survey.flat[first:], survey.tone[first:].astype(int)
    agree = np.ones(len(cells), bool)
    for i in range(len(cells)):
        near = flat & (cells[:, 0] == cells[i, 0]) & (np.abs(cells[:, 1:] - cells[i, 1:]).max(1) <= 1)
        agree[i] = bool((np.abs(tone[near] - tone[i]) <= grounds.STRAY / 2).all())
    return agree


def _fill(image: Image, parts: NDArray[np.int32], survey: Survey, own: Mask) -> NDArray[np.uint8]:
    """Values (n, 3) for the pixels of `own`, which lie on flat grounds."""
    rows, columns = np.nonzero(own)
    part = parts[own]
    height, width = own.shape
    x, y = columns - width / 2, rows - height / 2
    values = grounds.predicted(survey.plane, part, x, y)
    span = np.zeros(len(survey.flat))
    np.maximum.at(span, part, np.abs(values - survey.tone[part]).max(1))
    # What varies on a ground that has one tone for the most part is dirt, no grain.
    plain = survey.pure | (survey.sigma < GRAIN) & (span < LEVEL)
    uneven = ~plain[part]
    if uneven.any():
        values[uneven] += _lead_in(image, survey)[own][uneven] + _grain(image, survey, part)[uneven]
    values[~uneven] = survey.tone[part[~uneven]]
    return np.asarray(values.round().clip(0, 255), dtype=np.uint8)


def _lead_in(image: Image, survey: Survey) -> NDArray[np.float32]:
    """What the ground near by adds to the planes: normalised convolution that fades towards the middle of a part."""
    seen = survey.even.astype(np.float32)
    off = cv2.GaussianBlur(grounds.residues(image, survey), (0, 0), REACH / 2)
    weight = cv2.GaussianBlur(seen, (0, 0), REACH / 2)
    return np.asarray(off / (weight + 0.02)[..., None])


def _grain(image: Image, survey: Survey, part: NDArray[np.int32]) -> NDArray[np.float64]:
    """Noise (n, 3) for pixels of `part`, drawn from the grain of their own rings; the same for the same page."""
    off = grounds.residues(image, survey)
    off = (off - grounds.averaged(off, survey))[survey.even]
    size, owner = np.abs(off).max(1), survey.nearest[survey.even]
    order = np.lexsort((size, owner))
    number = np.bincount(owner, minlength=len(survey.flat))
    first = np.cumsum(number) - number
    draw = np.random.default_rng(0).random(len(part))
    grain = np.asarray(off[order[first[part] + (draw * number[part]).astype(np.int64)]], np.float64)
    # Letters' JPEG dirt lies in some places of a ring, grain in all of it.
    median = size[order[(first + number // 2).clip(max=len(order) - 1)]]
    grain[(NORMAL * median < GRAIN)[part] | (survey.sigma[part] < GRAIN)] = 0
    return grain
