"""A close look, with more contrast, at lines that can be read and that a network hardly sees: signs, faint print.

Brown letters on brown wood are nothing to it at a page's size. A reader that makes words of a line tells where to look
again: turned straight, larger, and with all the contrast that there is.
"""

from collections.abc import Iterator, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from mangaclean import memory
from mangaclean.drawn import HOUSED, SEEN, SURE
from mangaclean.engines.onnx import Network
from mangaclean.engines.textmap import AREA, STRIP_AREA, Maps, Shares, by_windows, resized, working_scale
from mangaclean.strokes import box_of, filled
from mangaclean.types import Box, Image, Line

READ = 0.5  # confidence of reading of a line that is looked at
LETTERS = 2  # that it has, at least: art reads as single ones
SMALLEST, LARGEST = 6.0, 200.0  # px: the short side of such a line, on the page, and as the network sees it
PAPER, BARE = 240, 0.5  # levels from which a pixel is paper; share of a line from which it is ink on it, clear enough
WELL = 0.25  # share of a line of which the network is sure where it sees all of it
MORE = 0.6  # of what it is sure of from close up: what it was before must be less
WHOLE = 0.13  # share of a line that it sees from close up, at least: letters fill no less, and torn ones are worse
LARGER = (4 / 3, 1.8, 2.4)  # times as large as the page: how a line is seen; two of these looks decide
PAGES = 2  # times what the network sees of the page: what it sees of lines, at most
AROUND = 1.0  # of a line's short side that is seen on each side of it
ENDS = 2.0  # % of a line's darkest and lightest pixels that contrast leaves out
FAINTEST = 8.0  # levels between these, at least


def look(image: Image, lines: Sequence[Line], maps: Maps, network: Network) -> None:
    """Lays on a page's maps, in place, what the network sees from close up of lines on art that can be read.

    `image` (H, W, 3); the maps change within such lines only, and only where it was sure of much less before. Lines
    of which it saw least come first, as long as it sees no more than `PAGES` times as much as of the page.
    """
    scale = working_scale(*image.shape[:2])
    page = image.shape[0] * image.shape[1] * scale * scale
    area = AREA if page <= AREA and not memory.is_short() else STRIP_AREA
    left = PAGES * page
    for known, line in sorted(_hardly_seen(image, lines, maps, scale), key=lambda pair: pair[0]):
        cost = _cost(line, scale)
        if cost > left:
            continue
        left -= cost
        box = _box(line, image)
        inside = filled([line], box)
        typeset, sfx = _close(image, line, box, scale, network, area)
        both = np.maximum(typeset, sfx)[inside]
        if (both > SEEN).mean() >= WHOLE and known < MORE * (both > SURE).mean():
            for whole, part in ((maps.typeset, typeset), (maps.sfx, sfx)):
                there = whole[box.slices]
                there[inside] = np.maximum(there, part)[inside]


def _hardly_seen(image: Image, lines: Sequence[Line], maps: Maps, scale: float) -> Iterator[tuple[float, Line]]:
    """Lines out of balloons that can be read, of which the network is sure in little; and in how much."""
    for line in lines:
        if line.confidence < READ or sum(map(str.isalnum, line.text)) < LETTERS:
            continue
        box, short = _box(line, image), min(_sides(line))
        if short < SMALLEST or short * scale > LARGEST or min(box.width, box.height) <= 0:
            continue
        inside = filled([line], box)
        if not inside.any() or maps.balloon[box.slices][inside].mean() > HOUSED:
            continue
        if (image[box.slices][inside].min(1) > PAPER).mean() < BARE:
            known = float((np.maximum(maps.typeset[box.slices], maps.sfx[box.slices])[inside] > SURE).mean())
            if known <= WELL:
                yield known, line


def _box(line: Line, image: Image) -> Box:
    return box_of(line).common(Box(0, 0, image.shape[1], image.shape[0]))


def _cost(line: Line, scale: float) -> float:
    """How many px the network sees of a line in all looks."""
    _, width, height = _straight(line)
    return width * height * sum((scale * larger) ** 2 for larger in LARGER)


def _close(image: Image, line: Line, box: Box, scale: float, network: Network, area: int) -> tuple[Shares, Shares]:
    """What the network sees of a line in two looks at least, of type and of effects, (h, w) in a box of the page."""
    matrix, width, height = _straight(line)
    flat = cv2.warpAffine(image, matrix, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    clear = _clear(np.asarray(flat, np.uint8), round(AROUND * min(_sides(line))))
    back = matrix @ np.array([[1, 0, box.left], [0, 1, box.top], [0, 0, 1]], np.float64)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    looks: list[NDArray[np.uint8]] = []
    for larger in LARGER:
        factor = scale * larger
        size = max(round(width * factor), 1), max(round(height * factor), 1)
        shares = by_windows(resized(clear, size, factor), network, area)[:2]
        flats = (cv2.resize(share, (width, height), interpolation=cv2.INTER_LINEAR) for share in shares)
        looks.append(np.stack([cv2.warpAffine(each, back, (box.width, box.height), flags=flags) for each in flats]))
    one, other, third = looks
    typeset, sfx = np.maximum(np.minimum(one, other), np.minimum(np.maximum(one, other), third))  # the median
    return typeset, sfx


def _sides(line: Line) -> tuple[float, float]:
    """How long a line's upper and its left side are, px."""
    first, second, _, last = np.array(line.polygon, np.float64)
    return float(np.hypot(*(second - first))), float(np.hypot(*(last - first)))


def _straight(line: Line) -> tuple[NDArray[np.float64], int, int]:
    """What turns a line of the page straight, with the room round it: the matrix (2, 3), width and height in px."""
    first, second, _, last = np.array(line.polygon, np.float64)
    wide, high = _sides(line)
    along, down = (second - first) / wide, (last - first) / high
    room = AROUND * min(wide, high)
    corner = first - room * (along + down)
    wide, high = wide + 2 * room, high + 2 * room
    source = np.array([corner, corner + wide * along, corner + high * down], np.float32)
    target = np.array([[0, 0], [wide, 0], [0, high]], np.float32)
    return np.asarray(cv2.getAffineTransform(source, target), np.float64), max(round(wide), 1), max(round(high), 1)


def _clear(image: Image, room: int) -> Image:
    """An image (h, w, 3) in grey, with all the contrast that there is within its `room` px wide margins."""
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
    inner = grey[room:-room, room:-room] if room and min(grey.shape) > 2 * room else grey
    low, high = np.percentile(inner, (ENDS, 100 - ENDS))
    wide = np.clip((grey - low) / max(float(high - low), FAINTEST) * 255, 0, 255).astype(np.uint8)
    return np.asarray(cv2.cvtColor(wide, cv2.COLOR_GRAY2RGB), np.uint8)
