"""How lettering looks on the page: its slant, the size of its em, how its lines follow each other, its colours."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import atan2, cos, degrees, hypot, isqrt, radians, sin

import cv2
import numpy as np
from numpy.typing import NDArray

from mangaclean.blocks import Block
from mangaclean.strokes import Levels, filled, grown, short_side
from mangaclean.types import Box, Image, Line, Mask

LONG = 2.0  # times as long as wide, from which a line shows how it is turned
LEVEL, STEEPEST = 2.0, 45.0  # degrees: less was meant to be level; more is the other direction of writing
SEARCH, STEP = 4.0, 0.5  # degrees round a detector's angle in which the true one is looked for
CLEARER = 1.06  # times as clearly must a turned line stand out as a level one
FEWEST = 3  # letters of a line that tell an em by its length
BEARING = 0.1  # em: the air at both ends of a line of ideographs, together
HANGING = {"、": 0.6, "。": 0.6, "，": 0.6, "…": 0.15, "！": 0.1, "？": 0.1, "ー": 0.1}  # air after these at an end
FACE, CAPITALS, LETTERS = 0.93, 0.72, 0.95  # em: an ideograph, capitals, letters with those that hang below
UPRIGHT_PAIR = re.compile(r"[0-9０-９]{2}|[!！?？]{2}")  # set side by side in a column, as one letter
LARGE = 4_000_000  # px of a window that are enough to find colours by
MANY = 1_000_000  # pixels of strokes that are enough to tell how letters lie
HALO = 3  # px round letters in which an outline is looked for
SAME, OTHER = 40, 60  # levels: within these a colour is one colour; from there it is another one
MOSTLY = 0.8  # share of a ring that has one colour, if it is an outline
LETTERED = 0.15  # share of strokes that letters are, and their outline, at least


@dataclass(frozen=True, slots=True)
class Appearance:
    """Degrees anticlockwise; px of the em; px from line to line, 0 for one line; colours as #rrggbb."""

    angle: float
    em: float
    spacing: float
    color: str
    outline: str | None


def of(image: Image, block: Block, window: Box, strokes: Mask) -> Appearance:
    """How a block looks, by its strokes (h, w) in a window of the page (H, W, 3)."""
    xs, ys = _points(strokes)
    angle = _angle(block, xs, ys)
    step = max(isqrt(window.area // LARGE), 1)  # colours are found on fewer pixels as well
    coarse = strokes[::step, ::step]
    color, outline = "#000000", None
    if coarse.any():
        color, outline = _colors(image[window.slices][::step, ::step], coarse, block.em / step)
    return Appearance(angle, round(_em(block, window, strokes, angle), 1), _spacing(block, angle), color, outline)


def _points(mask: Mask) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """x and y of the pixels of a mask, or of an even choice of them where there are more than need be."""
    ys, xs = np.nonzero(mask)
    some = slice(None, None, max(len(xs) // MANY, 1))
    return xs[some].astype(float), ys[some].astype(float)


def _angle(block: Block, xs: NDArray[np.float64], ys: NDArray[np.float64]) -> float:
    """The detector's angle, made exact: turned by the right one, lines of letters stand out from the gaps between."""
    lines = [line for line in block.lines if _length(line) > LONG * short_side(line)]
    if not lines or not len(xs):
        return 0.0
    turns = sorted((_turn(line, block.vertical), _length(line)) for line in lines)
    reach = np.cumsum([length for _, length in turns])
    rough = turns[int(np.searchsorted(reach, reach[-1] / 2))][0]
    if not LEVEL - 0.5 <= abs(rough) <= STEEPEST:
        return 0.0
    best = max(np.arange(rough - SEARCH, rough + SEARCH + STEP / 2, STEP), key=lambda t: _clear(xs, ys, t, block))
    turned = _clear(xs, ys, best, block) > CLEARER * _clear(xs, ys, 0.0, block)
    return round(float(best), 1) if turned and abs(best) >= LEVEL else 0.0


def _turn(line: Line, vertical: bool) -> float:
    (ax, ay), (bx, by), _, (dx, dy) = line.polygon
    return degrees(atan2(dx - ax, dy - ay) if vertical else atan2(ay - by, bx - ax))


def _length(line: Line) -> float:
    (ax, ay), (bx, by), (cx, cy), _ = line.polygon
    return max(hypot(bx - ax, by - ay), hypot(cx - bx, cy - by))


def _clear(xs: NDArray[np.float64], ys: NDArray[np.float64], turn: float, block: Block) -> float:
    """How unevenly ink lies across lines that are turned by `turn` degrees."""
    across = _across(xs, ys, turn, block.vertical)
    counts = np.bincount(np.rint(across - across.min()).astype(int))
    return float((counts.astype(float) ** 2).sum())


def _across(xs: NDArray[np.float64], ys: NDArray[np.float64], turn: float, vertical: bool) -> NDArray[np.float64]:
    c, s = cos(radians(turn)), sin(radians(turn))
    return xs * c - ys * s if vertical else ys * c + xs * s


def _along(xs: NDArray[np.float64], ys: NDArray[np.float64], turn: float, vertical: bool) -> NDArray[np.float64]:
    c, s = cos(radians(turn)), sin(radians(turn))
    return xs * s + ys * c if vertical else xs * c - ys * s


def _em(block: Block, window: Box, strokes: Mask, angle: float) -> float:
    """By the length of lines and their letters where they are ideographs or kana, by their height where Latin."""
    sizes: list[tuple[float, float]] = []  # em, and how much a line says of it
    for line in block.lines:
        x, y = _points(strokes & filled([line], window))
        if not len(x) or not line.text.strip():
            continue
        long, wide = np.ptp(_along(x, y, angle, block.vertical)) + 1, np.ptp(_across(x, y, angle, block.vertical)) + 1
        if (found := _of_line(line.text.strip(), float(long), float(wide), block)) is not None:
            sizes.append(found)
    if not sizes:
        return block.em
    sizes.sort()
    reach = np.cumsum([weight for _, weight in sizes])
    em = sizes[int(np.searchsorted(reach, reach[-1] / 2))][0]
    return em if 0.6 * block.em < em < 1.6 * block.em else block.em  # else letters were read that are not there


def _of_line(text: str, long: float, wide: float, block: Block) -> tuple[float, float] | None:
    if re.search(r"[A-Za-z]", text):
        if block.vertical:
            return None
        hangs = bool(re.search(r"[gjpqyQ]", text)) and text != text.upper()
        return wide / (LETTERS if hangs else CAPITALS), float(len(text))
    count = len(UPRIGHT_PAIR.sub("國", text)) if block.vertical else len(text)
    if count < FEWEST:
        return (wide / FACE, 0.5) if re.search("[一-鿿]", text) else None
    return long / (count - BEARING - HANGING.get(text[-1], 0.0)), float(count)


def _spacing(block: Block, angle: float) -> float:
    """From the middle of one line to that of the next, px."""
    middles = np.array([np.mean(line.polygon, axis=0) for line in block.lines])
    places = np.sort(_across(middles[:, 0], middles[:, 1], angle, block.vertical))
    steps = np.diff(places)
    steps = steps[steps > 0.5 * block.em]  # pieces of one line are no lines
    return round(float(np.median(steps)), 1) if len(steps) else 0.0


def _colors(page: Image, strokes: Mask, em: float) -> tuple[str, str | None]:
    """Colour of the letters, and of the outline round them if there is one."""
    ring = page[grown(strokes, HALO) & ~grown(strokes, 1)]
    two = _two_tones(page, strokes, ring)
    if two is not None:
        return two
    deep = _depth(strokes)[strokes]
    core = _median(page[strokes][deep >= np.percentile(deep, 75)])
    reach = HALO + max(round(0.12 * em), 2)
    beyond = page[grown(strokes, reach + max(round(0.12 * em), 3)) & ~grown(strokes, reach)]
    if not len(ring) or not len(beyond) or not _uniform(ring):
        return _hex(core), None
    tone = _median(ring)
    if _far(tone, core) < OTHER or (np.abs(beyond.astype(int) - tone).max(1) < SAME).mean() > 0.5:
        return _hex(core), None
    return _hex(core), _hex(tone)


def _two_tones(page: Image, strokes: Mask, ring: Levels) -> tuple[str, str] | None:
    """Letters and outline where the ground's tone lies between theirs, so that both are strokes.

    Soft edges, which lie between a letter and its ground, are no second tone.
    """
    if not len(ring):
        return None
    grey = page.mean(2)
    ground = float(np.median(ring.mean(1)))
    dark, light = strokes & (grey < ground - SAME), strokes & (grey > ground + SAME)
    if min(int(dark.sum()), int(light.sum())) < LETTERED * strokes.sum():
        return None
    solid = cv2.morphologyEx(strokes.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8)) > 0
    deep = _depth(solid)
    rim = (deep > 1) & (deep <= HALO)
    outer, inner = (dark, light) if (rim & dark).sum() > (rim & light).sum() else (light, dark)
    return _hex(_median(page[inner])), _hex(_median(page[outer]))


def _depth(mask: Mask) -> NDArray[np.float32]:
    """How far each pixel (h, w) of a mask is from its edge, px."""
    padded = np.pad(mask.astype(np.uint8), 1)
    return np.asarray(cv2.distanceTransform(padded, cv2.DIST_L2, 3)[1:-1, 1:-1], np.float32)


def _uniform(pixels: Levels) -> bool:
    if not len(pixels):
        return False
    return bool((np.abs(pixels.astype(int) - _median(pixels)).max(1) < SAME).mean() > MOSTLY)


def _median(pixels: Levels) -> NDArray[np.int64]:
    return np.asarray(np.median(pixels, axis=0), np.int64)


def _far(one: NDArray[np.int64], other: NDArray[np.int64]) -> int:
    return int(np.abs(one - other).max())


def _hex(color: Sequence[int] | NDArray[np.int64]) -> str:
    return "#{:02x}{:02x}{:02x}".format(*(int(v) for v in color))
