"""Texture synthesis: an even tone that a painting has levelled goes on in its own dots.

After Efros and Leung (1999, Texture Synthesis by Non-parametric Sampling) and Criminisi et al. (2004): patches of the
tone are copied whole, from the edge of a hole inwards, each where most of what lies under it is known. Waves and means
of patches lose a tone as fine as two or three pixels that JPEG has roughened; copies do not.
"""

import itertools
from typing import NamedTuple

import cv2
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from mangaclean import bubbles
from mangaclean.types import Box, Image, Mask

RADIUS = 3  # px from a copied patch's middle to its edge
CELL = 32  # px, side of the squares of which each is judged by its own surroundings
NEAR, BESIDE = 2, 8  # px from a hole: its soft edge, and as far as what tells whether it lies in a tone
AROUND = 20  # px from a hole to which a tone's slope is measured
FARTHEST = 40  # px from a square, whence patches are copied
COARSE = 9  # px, side of the square in which a tone's level and its unevenness are measured
UNEVEN = 6.0  # levels of deviation within such a square, from which there is a texture
LEVEL, STEEP = 12.0, 40.0  # levels off a slope, and at first off a mean, up to which a tone is one
USUAL = 0.45, 2.2  # times the usual unevenness: what is even less or more so is another ground
FINE = 0.35  # share of its neighbouring pixels between which a tone passes its level; lines and coarse dots have less
AGREEING, SMOOTH = 36.0, 5  # levels off a tone that a painting of it has, at most; px, side of the square of its mean
MOSTLY = 0.75  # share of a hole's surroundings that are of that tone, at least
FADED = 0.6  # times the usual unevenness: what is less uneven was levelled
FEW, MANY = 64, 4096  # patches: fewer are no tone to go by; of more, some are left out

Levels = NDArray[np.float32]


class Tone(NamedTuple):
    """Where an even tone is seen, (H, W); the level that it has, or would have, in each place; how uneven it is."""

    shown: Mask
    level: Levels
    uneven: float


def restored(painted: Image, mask: Mask) -> Image:
    """A painting (H, W, C), of which `mask` (H, W) tells the holes, with the tones that it levels there in dots."""
    out, hidden = painted, mask
    for box in (*_cells(mask), *reversed(_cells(mask))):  # what lies among other holes has more to go by later
        if not hidden[box.slices].any():
            continue
        window = box.grown(FARTHEST, *mask.shape[::-1])
        at = window.slices
        hole = bubbles.placed(hidden[box.slices], box, window)
        tone = _tone(out[at], hole, hidden[at])
        if tone is None or not _levelled(painted[at], hole, mask[at], tone.uneven):
            continue
        hole = hole & _agreeing(painted[at], tone)  # after: what is levelled of a tone may be a sliver beside paper
        if not hole.any():
            continue
        made = _continued(out[at], hole, tone)
        if made is None:
            continue
        if out is painted:
            out, hidden = painted.copy(), mask.copy()
        out[at][hole] = made[hole]
        hidden[at] &= ~hole
    return out


def _cells(mask: Mask) -> list[Box]:
    """Boxes of CELL px along both sides that a mask (H, W) marks something in, row by row."""
    height, width = mask.shape
    corners = itertools.product(range(0, height, CELL), range(0, width, CELL))
    boxes = (Box(left, top, min(left + CELL, width), min(top + CELL, height)) for top, left in corners)
    return [box for box in boxes if mask[box.slices].any()]


def _tone(image: Image, hole: Mask, hidden: Mask) -> Tone | None:
    """The tone round a `hole` (H, W) of an image (H, W, C) that has other `hidden` places; None: there is none."""
    known = ~hidden
    level, uneven = _measured(image, known)
    far = cv2.distanceTransform((~hole).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5)
    around = known & (far > NEAR) & (far <= AROUND)
    beside = around & (far <= BESIDE)
    if np.count_nonzero(beside) < FEW:
        return None
    usual = float(np.median(uneven[beside]))
    if usual < UNEVEN:
        return None
    own = known & (uneven >= USUAL[0] * usual) & (uneven <= USUAL[1] * usual)
    rows, columns = np.indices(hole.shape, np.float32)
    basis = np.stack([rows, columns, np.ones_like(rows)], 2)
    close = np.abs(level - np.median(level[beside])) <= STEEP
    for _ in range(3):  # lines and rims beside it do not tilt the slope of a tone
        to_go_by = around & own & close
        if np.count_nonzero(to_go_by) < FEW:
            return None
        slope = np.linalg.lstsq(basis[to_go_by], level[to_go_by], rcond=None)[0]
        plane: Levels = basis @ slope
        close = np.abs(level - plane) <= LEVEL
    own &= close
    fine = _turns(image, level, around & own) >= FINE
    return Tone(own, plane, usual) if fine and own[beside].mean() >= MOSTLY else None


def _turns(image: Image, level: Levels, where: Mask) -> float:
    """Of pixels side by side `where` (H, W) an image is looked at, the share that lie on either side of its level."""
    darker = image.astype(np.float32).mean(2) < level
    across = (darker[:, 1:] != darker[:, :-1])[where[:, 1:] & where[:, :-1]]
    down = (darker[1:] != darker[:-1])[where[1:] & where[:-1]]
    return float(np.concatenate([across, down]).mean()) if across.size + down.size else 0.0


def _agreeing(painted: Image, tone: Tone) -> Mask:
    """Where a painting (H, W, C) has a tone's level, (H, W): what is brighter or darker there is another ground."""
    level = cv2.blur(painted.astype(np.float32).mean(2), (SMOOTH, SMOOTH))
    near = (np.abs(level - tone.level) <= AGREEING).astype(np.uint8)
    return np.asarray(cv2.medianBlur(near, SMOOTH)) > 0


def _levelled(painted: Image, hole: Mask, mask: Mask, usual: float) -> bool:
    """Whether what was painted in a hole (H, W), a part of those in `mask`, is smoother than the tone round it."""
    inner = cv2.erode(mask.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    inner &= cv2.dilate(hole.astype(np.uint8), np.ones((COARSE, COARSE), np.uint8)) > 0
    uneven = _measured(painted, np.ones_like(hole))[1][inner if inner.any() else hole]
    return bool(np.median(uneven) < FADED * usual)


def _measured(image: Image, known: Mask) -> tuple[Levels, Levels]:
    """The level (H, W) of an image round each pixel, and how uneven it is there, by what is known."""
    grey = image.astype(np.float32).mean(2)
    size = (COARSE, COARSE)
    count = np.maximum(cv2.boxFilter(known.astype(np.float32), -1, size), 1e-3)
    level = cv2.boxFilter(grey * known, -1, size) / count
    square = cv2.boxFilter(grey * grey * known, -1, size) / count
    return level, np.sqrt(np.maximum(square - level * level, 0))


def _continued(image: Image, hole: Mask, tone: Tone) -> Image | None:
    """An image (H, W, C) with a hole (H, W) filled by patches of a tone; None: too few are seen round it."""
    side = 2 * RADIUS + 1
    frame = ((RADIUS, RADIUS), (RADIUS, RADIUS))
    made = np.pad(image.astype(np.float32), (*frame, (0, 0)), "reflect")
    known, open_ = np.pad(tone.shown & ~hole, frame), np.pad(hole, frame)
    whole = cv2.erode(known.astype(np.uint8), np.ones((side, side), np.uint8), borderValue=0)
    middles = np.argwhere(whole[RADIUS:-RADIUS, RADIUS:-RADIUS] > 0)
    middles = middles[:: max(-(-len(middles) // MANY), 1)]
    if len(middles) < FEW:
        return None
    views = sliding_window_view(made, (side, side), (0, 1)).transpose(0, 1, 3, 4, 2)
    patches = views[tuple(middles.T)].reshape(len(middles), -1)
    squares, means = np.square(patches), patches.mean(1)
    level = np.pad(tone.level, frame)
    share = np.where(open_, _filled(known), -1)
    while open_.any():
        row, column = np.unravel_index(int(share.argmax()), share.shape)
        at = Box(int(column) - RADIUS, int(row) - RADIUS, int(column) + RADIUS + 1, int(row) + RADIUS + 1)
        part, seen = made[at.slices], known[at.slices]
        weight = np.repeat(seen.ravel(), image.shape[2]).astype(np.float32)
        apart = squares @ weight - 2 * (patches @ (part.ravel() * weight))
        apart += patches.shape[1] * np.square(means - level[row, column])  # or copies of copies drift off the tone
        best = int(apart.argmin())
        put = open_[at.slices].copy()
        part[put] = patches[best].reshape(part.shape)[put]
        seen |= put
        open_[at.slices] = False
        around = at.grown(RADIUS, *share.shape[::-1])
        wider = around.grown(RADIUS, *share.shape[::-1])
        inner = around.moved(-wider.left, -wider.top).slices
        share[around.slices] = np.where(open_[around.slices], _filled(known[wider.slices])[inner], -1)
    return np.rint(made[RADIUS:-RADIUS, RADIUS:-RADIUS]).clip(0, 255).astype(np.uint8)


def _filled(known: Mask) -> Levels:
    """What share of the patch round each pixel (H, W) is known."""
    side = 2 * RADIUS + 1
    return np.asarray(cv2.boxFilter(known.astype(np.float32), -1, (side, side), borderType=cv2.BORDER_CONSTANT))
