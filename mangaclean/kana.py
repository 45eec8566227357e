"""Small kana: a reader sees the shape of a letter, and the ink of its line says whether it is the small one."""

from collections.abc import Sequence

import cv2
import numpy as np

from mangaclean.types import Image

LARGE, SMALL = "あいうえおつやゆよアイウエオツヤユヨ", "ぁぃぅぇぉっゃゅょァィゥェォッャュョ"
TO_SMALL, TO_LARGE = dict(zip(LARGE, SMALL, strict=True)), dict(zip(SMALL, LARGE, strict=True))
LOW = "いうイウ"  # the ink of these may be small in large letters, too
SURELY_SMALL, SURELY_LARGE = 0.79, 0.95  # of the size of the letters round it; in between the reader is right
LEAST = 0.4  # and so small is none: part of its ink was lost
FEWEST = 2  # letters of full size that a line must have to be measured by
EDGE = 0.08  # share of a line's height on each side where the ink of its neighbours may stand
FAINT = 40  # levels from the ground from which a pixel is ink


def measured(line: Image, text: str, at: Sequence[float]) -> str:
    """`text` with small kana where the ink is small, and large ones where it is not.

    `line` (h, w, 3) is a level crop, columns turned on their side; `at` has the middle of each letter in px.
    """
    if not any(letter in TO_SMALL or letter in TO_LARGE for letter in text):
        return text
    sizes = _sizes(line, at)
    full = [size for letter, size in zip(text, sizes, strict=True) if _is_full(letter) and size]
    em = float(np.median(full)) if len(full) >= FEWEST else 0.0
    out = ""
    for i, (letter, size) in enumerate(zip(text, sizes, strict=True)):
        again = i > 0 and text[i - 1] == letter  # as in ああ: the first one tells the size of the second
        if letter in TO_SMALL and ((em and _is_small(letter, size / em)) or (again and _is_less(size, sizes[i - 1]))):
            out += TO_SMALL[letter]
        else:
            out += TO_LARGE[letter] if em and letter in TO_LARGE and size > SURELY_LARGE * em else letter
    return out


def _is_small(letter: str, size: float) -> bool:
    return letter not in LOW and LEAST < size < SURELY_SMALL


def _is_less(size: float, than: float) -> bool:
    return LEAST * than < size < SURELY_SMALL * than


def _is_full(letter: str) -> bool:
    """Whether a letter fills most of its em, whatever the hand."""
    return "一" <= letter <= "鿿" or (("か" <= letter <= "ん" or "カ" <= letter <= "ン") and letter not in TO_LARGE)


def _sizes(line: Image, at: Sequence[float]) -> list[float]:
    """The longer side, px, of the ink of each letter; 0 where there is none."""
    grey = np.asarray(cv2.cvtColor(line, cv2.COLOR_RGB2GRAY), np.uint8)
    ground = int(np.bincount((grey >> 3).ravel()).argmax()) * 8 + 4
    far = np.abs(grey.astype(np.int16) - ground).astype(np.uint8)
    ink = (far > max(FAINT, cv2.threshold(far, 0, 255, cv2.THRESH_OTSU)[0])).astype(np.uint8)
    _, _, stats, middles = cv2.connectedComponentsWithStats(ink, connectivity=8)
    height = line.shape[0]
    found: list[list[tuple[int, int, int, int]]] = [[] for _ in at]
    for (left, top, width, tall, _), (x, y) in zip(stats[1:].tolist(), middles[1:].tolist(), strict=True):
        if EDGE * height < y < (1 - EDGE) * height:
            nearest = int(np.abs(np.asarray(at) - x).argmin())
            found[nearest].append((left, top, left + width, top + tall))
    return [_longer(parts) for parts in found]


def _longer(parts: list[tuple[int, int, int, int]]) -> float:
    if not parts:
        return 0.0
    lefts, tops, rights, bottoms = zip(*parts, strict=True)
    return float(max(max(rights) - min(lefts), max(bottoms) - min(tops)))
