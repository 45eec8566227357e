"""Lines of glyphs as pixels: letters, the outline round them, and a turn of the whole."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, pi, sin

import numpy as np
from numpy.typing import NDArray

from mangaclean.faces import Bitmap
from mangaclean.shaping import Shaped

Color = tuple[int, int, int]
Pixels = NDArray[np.uint8]
Hung = tuple[Bitmap, int, int]  # a bitmap, and the pixel that it hangs from


@dataclass(frozen=True, slots=True)
class Set:
    """A line and where it begins on the page: x, y of its axis there (baseline, or a column's middle)."""

    shaped: Shaped
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Ink:
    """Colour of the letters; colour and width, px, of what is round them."""

    color: Color
    outline: Color | None = None
    width: float = 0.0


def draw(
    lines: Sequence[Set], size: float, ink: Ink, vertical: bool, turn: float, about: tuple[float, float]
) -> tuple[Pixels, int, int] | None:
    """RGBA pixels (h, w, 4), straight alpha, and their left and top on the page; None if nothing is to be seen.

    `turn`, in radians anticlockwise, is about the point `about`.
    """
    letters = _bitmaps(lines, size, 0.0, vertical, turn, about)
    rings = _bitmaps(lines, size, ink.width, vertical, turn, about) if ink.outline and ink.width > 0 else []
    shown = [(bitmap, x + bitmap.left, y + bitmap.top) for bitmap, x, y in letters + rings if bitmap.pixels.size]
    if not shown:
        return None
    left, top = min(x for _, x, _ in shown), min(y for _, _, y in shown)
    right = max(x + bitmap.pixels.shape[1] for bitmap, x, _ in shown)
    bottom = max(y + bitmap.pixels.shape[0] for bitmap, _, y in shown)
    shape = bottom - top, right - left
    inner = _coverage(letters, shape, left, top)
    outer = np.maximum(_coverage(rings, shape, left, top), inner) if rings else inner
    out = np.empty((*shape, 4), np.uint8)
    out[..., :3] = ink.color
    if rings and ink.outline:
        share = (inner.astype(float) / np.maximum(outer, 1))[..., None]
        out[..., :3] = np.rint(share * ink.color + (1 - share) * np.array(ink.outline))
    out[..., 3] = outer
    return out, left, top


def _bitmaps(
    lines: Sequence[Set], size: float, stroke: float, vertical: bool, turn: float, about: tuple[float, float]
) -> list[Hung]:
    made = []
    for line in lines:
        for mark in line.shaped.marks:
            along, across = mark.x * size, mark.y * size
            x, y = (line.x - across, line.y + along) if vertical else (line.x + along, line.y + across)
            if turn:
                dx, dy = x - about[0], y - about[1]
                x, y = about[0] + dx * cos(turn) + dy * sin(turn), about[1] - dx * sin(turn) + dy * cos(turn)
            quarter = -pi / 2 if mark.turned else 0.0
            made.append(mark.face.bitmap(mark.number, size * mark.scale, (x, y), turn + quarter, stroke))
    return made


def _coverage(bitmaps: Sequence[Hung], shape: tuple[int, int], left: int, top: int) -> NDArray[np.uint8]:
    """All bitmaps in one; where two meet, what neither covers stays free."""
    free = np.full(shape, 255, np.uint16)
    for bitmap, x, y in bitmaps:
        if not bitmap.pixels.size:
            continue
        height, width = bitmap.pixels.shape
        row, column = y + bitmap.top - top, x + bitmap.left - left
        window = free[row : row + height, column : column + width]
        window[:] = (window * (255 - bitmap.pixels.astype(np.uint16)) + 127) // 255
    return (255 - free).astype(np.uint8)
