"""Lines of lettering: where they are, the ground they stand on, and the strokes inside them."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from mangaclean.pieces import Pieces, pieces
from mangaclean.types import Box, Image, Line, Mask

Levels = NDArray[np.uint8]

INK = 40  # levels from the ground's tone from which a pixel is ink
MARK = 0.5  # em: dots, small kana's parts, voicing marks
SMALL = 20  # px: radius up to which a disc is quicker than distances
STRIP = 1024  # rows of a page whose distances are looked at together
LETTER = 1.15  # em: no letter of type is larger, with room for its soft edge
DASH = 0.1  # share of a piece in the lines, from which it is a letter of theirs that goes on: a dash
THIN, THICK = 0.3, 1.5  # times as thick as the lettering: a letter or mark that stands by itself
BROAD, HEAVY = 2.0, 0.15  # half of what art is thick that letters touch, at least: times half of theirs; em
SOLID, EVEN = 0.4, 12.0  # share of its box that a blot fills, at least; deviation of its levels, at most
PALER = 0.75  # of the letters' distance from the ground: a blot's, at most


def disc(radius: int) -> Levels:
    """A structuring element for `radius` px."""
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1)), np.uint8)


def grown(mask: Mask, radius: int) -> Mask:
    """A mask (H, W) dilated by a disc of `radius` px."""
    if radius <= 0:
        return mask
    if radius <= SMALL:
        return cv2.dilate(mask.astype(np.uint8), disc(radius)) > 0
    # The time of a dilation grows with the disc's area. That of a distance transform does not.
    out = np.zeros_like(mask)
    for top in range(0, len(mask), STRIP):  # distances of a large page weigh as much as the page
        above = max(top - radius - 1, 0)
        part = mask[above : top + STRIP + radius + 1]
        if part.any():
            far = cv2.distanceTransform((~part).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)[top - above :]
            # As far as the disc, which is rounded, reaches.
            out[top : top + STRIP] = far[:STRIP] <= np.sqrt(radius**2 + radius)
    return out


def shrunk(mask: Mask, radius: int) -> Mask:
    """A mask (H, W) eroded by a disc of `radius` px."""
    if 0 < radius <= SMALL:
        return cv2.erode(mask.astype(np.uint8), disc(radius)) > 0
    return ~grown(~mask, radius)


def opened(mask: Mask, radius: int) -> Mask:
    """What of a mask (H, W) is more than 2 `radius` px wide everywhere."""
    return grown(shrunk(mask, radius), radius)


def corners_of(line: Line, window: Box = Box(0, 0, 0, 0)) -> NDArray[np.int32]:  # noqa: B008 — a constant
    """The corners (4, 2) of a line, seen from a window of the page."""
    return np.array(line.polygon, np.int32) - np.array([window.left, window.top], np.int32)


def box_of(line: Line) -> Box:
    """The upright box round a line."""
    xs, ys = zip(*line.polygon, strict=True)
    return Box(min(xs), min(ys), max(xs) + 1, max(ys) + 1)


def short_side(line: Line) -> float:
    """Width of a column or height of a row, px: about 1.15 em, as detectors leave some air."""
    (a, b, c) = np.array(line.polygon[:3], float)
    return float(min(np.hypot(*(b - a)), np.hypot(*(c - b))))


def filled(lines: Sequence[Line], window: Box) -> Mask:
    """The insides of lines as a mask of a window of the page."""
    out = np.zeros((window.height, window.width), np.uint8)
    for line in lines:
        cv2.fillPoly(out, [corners_of(line, window)], 1)
    return out > 0


def tone_of(image: Image, line: Line) -> Levels:
    """The commonest colour (3,) along the edge of a line, where ground outweighs ink."""
    box = box_of(line).grown(3, image.shape[1], image.shape[0])
    band = np.zeros((box.height, box.width), np.uint8)
    cv2.polylines(band, [corners_of(line, box)], True, 1, 5)
    pixels = image[box.slices][band > 0]
    # Levels in steps of 8 find the commonest colour; the median of its pixels is exact.
    keys = (pixels >> 3).astype(np.int32) @ np.array([1024, 32, 1], np.int32)
    values, counts = np.unique(keys, return_counts=True)
    tone: Levels = np.median(pixels[keys == values[counts.argmax()]], axis=0).astype(np.uint8)
    return tone


def ink_of(image: Image, tone: Levels) -> Levels:
    """How far each pixel (H, W) is from the ground's tone, in levels of the channel that differs most."""
    far = cv2.absdiff(image, np.full_like(image, tone))
    return np.maximum(np.maximum(far[:, :, 0], far[:, :, 1]), far[:, :, 2]).astype(np.uint8)


def find(
    lines: Sequence[Line], far: Levels, inside: Mask | None, window: Box, em: float, printed: bool
) -> tuple[Mask, Mask]:
    """Strokes of `lines`, and the ink that is not theirs (outlines, art), in a window of the page.

    `far` (h, w) is the window's distance from the ground's tone; `inside` (h, w) the balloon, if there is one; `em`
    the size of the lettering in px. Connected ink belongs to the lettering when it lies in the lines or close by in
    the same balloon (dots, small kana, marks that the detector left out) and is not larger than a letter can be.
    Beside `printed` lines, letters that stand clear of the balloon's outline go, too: an exclamation mark, a dash.
    """
    ink = pieces(far > INK)
    side = ink.sides
    tight = filled(lines, window)
    close = grown(tight, round(0.25 * em))
    near = close if inside is None else grown(tight, round(0.8 * em)) & (inside | tight)
    in_near, in_close, in_tight = ink.share(near), ink.share(close), ink.share(tight)
    longest = max(max(box_of(line).width, box_of(line).height) for line in lines)
    whole = ((in_close > 0.95) & (side < LETTER * em)) | ((in_near > 0.95) & (side < MARK * em))
    whole |= (in_tight > 0.75) & (side < 1.2 * longest)
    if printed and inside is not None:
        # Further off, what is larger than a mark may be a jag of the balloon, or a drawing in it.
        clear = ink.share(shrunk(inside, 2)) == 1
        maybe = np.flatnonzero((in_near > 0.95) & clear & ~whole & ((side < LETTER * em) | (in_tight > DASH)))
        usual = _usual(ink, whole)
        full = float(np.median(far[ink.those(whole)])) if whole[1:].any() else 0.0
        for i in maybe.tolist():
            half = half_thickness(ink, i)
            whole[i] = half < THICK * usual and (half > THIN * usual or in_tight[i] > DASH)
            whole[i] |= half >= THICK * usual and is_blot(ink, i, far, full)
    crossing = (in_tight > 0.02) & ~whole
    strokes = ink.those(whole)
    if crossing[1:].any():  # a letter that touches an outline or a line of art: what of it lies well within the line
        core = shrunk(tight, max(round(0.1 * em), 1))
        if inside is not None:
            core &= shrunk(inside, 2)
        touching = ink.those(crossing)
        if (touching & core).any():
            broad = opened(touching, round(max(BROAD * _usual(ink, whole), HEAVY * em)) + 1)
            strokes |= touching & ~broad & core
    return strokes, (far > INK) & ~strokes


def _usual(of: Pieces, letters: NDArray[np.bool_]) -> float:
    """Half of what most letters (n,) are thick, px; 0 where there are none."""
    return float(np.median([half_thickness(of, i) for i in np.flatnonzero(letters).tolist() if i] or [0]))


def is_blot(of: Pieces, piece: int, far: Levels, full: float) -> bool:
    """Whether a piece is filled with one colour, paler than letters (`full` levels from the ground): a heart."""
    at = of.box(piece).slices
    alone = of.labels[at] == piece
    levels = far[at][shrunk(alone, 1)]
    return bool(alone.mean() > SOLID and levels.size and levels.std() < EVEN and levels.mean() < PALER * full)


def half_thickness(of: Pieces, piece: int) -> float:
    """Half of what one of these pieces is thick, px."""
    alone = np.pad(of.labels[of.box(piece).slices] == piece, 1)
    return float(cv2.distanceTransform(alone.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_3).max())
