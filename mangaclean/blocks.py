"""Lines grouped to blocks: the lines of one balloon together, columns in reading order, furigana apart."""

import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from mangaclean.bubbles import Bubble
from mangaclean.strokes import Levels, box_of, grown, short_side
from mangaclean.types import Box, Line, Mask

SINGLE = 0.975  # convexity from which a balloon is one balloon, however its lines lie
SAME_SIZE = 1.9  # two lines of one block differ in size by less than this factor
FURIGANA = 0.62  # a column this much smaller than the one beside it is its reading aid
TINY = 0.25  # smaller than that, on open ground, it aids nothing: it stands beside an effect by chance
CROSSWISE = 1.3  # times as wide as long, along the writing: what is more runs the other way, and aids nothing
CLOSE = 0.2  # em: how far letters reach out of the lines that a detector draws
LONG, ASKEW = 3.0, 8.0  # times as long as wide: a line that has a slope; degrees by which those of one text differ
WORDS = re.compile("[一-鿿A-Za-z]")


@dataclass(frozen=True, slots=True)
class Block:
    """Lines that belong together, in reading order; `ruby` are reading aids beside them; `em` is in px."""

    lines: tuple[Line, ...]
    ruby: tuple[Line, ...]
    bubble: Bubble | None
    vertical: bool
    em: float

    @property
    def text(self) -> str:
        return "".join(line.text for line in self.lines)

    @property
    def box(self) -> Box:
        return functools.reduce(Box.union, map(box_of, self.lines))

    @property
    def longest(self) -> Line:
        return max(self.lines, key=_length)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a block stands, all (h, w) in its window: what the network sees (0 to 255), the inside of its balloon if it
    has one, its own lines and those of others. `em` px is its letters' size; it is `printed` if it reads well.
    """

    seen: Levels
    inside: Mask | None
    lines: Mask
    others: Mask
    em: float
    printed: bool

    @property
    def near(self) -> Mask:
        """The block's lines and what is close by: lines are drawn tight."""
        return grown(self.lines, round(CLOSE * self.em))


def group(lines: Sequence[Line], found: Sequence[Bubble | None]) -> list[Block]:
    """Join lines, each with its balloon or None, into blocks: generously in a balloon, on open ground with care."""
    upright = _upright(lines)
    parent = list(range(len(lines)))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    for i in range(len(lines)):
        for j in range(i + 1, len(lines)):
            same = found[i] is found[j] and root(i) != root(j)
            if same and _together(lines[i], lines[j], found[i], upright[i] and upright[j]):
                parent[root(j)] = root(i)
    members: dict[int, list[int]] = {}
    for i in range(len(lines)):
        members.setdefault(root(i), []).append(i)
    blocks = [_block([lines[i] for i in ids], found[ids[0]], [upright[i] for i in ids]) for ids in members.values()]
    return _with_ruby(blocks)


def _with_ruby(blocks: Sequence[Block]) -> list[Block]:
    """Small lines that stand close along a line of another block are its reading aids, not texts of their own."""
    homes: dict[int, list[Line]] = {}
    alone = set()
    for i, block in enumerate(blocks):
        for k, other in enumerate(blocks):
            if i != k and all(_aids(line, other) for line in block.lines):
                homes.setdefault(k, []).extend((*block.lines, *block.ruby))
                alone.add(i)
                break
    return [replace(block, ruby=(*block.ruby, *homes.get(i, ()))) for i, block in enumerate(blocks) if i not in alone]


def _aids(small: Line, block: Block) -> bool:
    """Whether a line is set as small as furigana, right of a column or above a row of a block."""
    if not _may_aid(small):
        return False
    box = box_of(small)
    for line in block.lines:
        size, base = short_side(line), box_of(line)
        if not (TINY * size if block.bubble is None else 0) < short_side(small) <= FURIGANA * size:
            continue
        if block.vertical:
            gap, along = box.left - base.right, min(box.bottom, base.bottom) - max(box.top, base.top)
            long, short = box.height, box.width
        else:
            gap, along = base.top - box.bottom, min(box.right, base.right) - max(box.left, base.left)
            long, short = box.width, box.height
        if -0.6 * size < gap < 0.25 * size and along > 0.7 * long and short < CROSSWISE * long:
            return True
    return False


def _upright(lines: Sequence[Line]) -> list[bool]:
    """Whether each line is a column; single letters, as wide as high, follow the majority of the page."""
    ratios = [box_of(line).height / box_of(line).width for line in lines]
    columns = sum(r > 1.3 for r in ratios) >= sum(r < 1 / 1.3 for r in ratios)
    return [r > 1.3 or (r > 1 / 1.3 and columns) for r in ratios]


def _together(a: Line, b: Line, bubble: Bubble | None, vertical: bool) -> bool:
    """Whether two lines on the same ground belong to one text."""
    small, large = sorted((short_side(a), short_side(b)))
    p, q = box_of(a), box_of(b)
    if vertical:  # look at columns as if they were rows
        p, q = Box(p.top, p.left, p.bottom, p.right), Box(q.top, q.left, q.bottom, q.right)
    along = min(p.right, q.right) - max(p.left, q.left)  # shared length along the writing; negative: a gap
    across = max(p.top, q.top) - min(p.bottom, q.bottom)  # gap between the lines; negative: they overlap
    if large > SAME_SIZE * small:  # furigana stands close beside its column
        beside = across < 0.3 * large and along > 0.5 * min(p.width, q.width)
        return bubble is not None and large < 3 * small and beside
    if bubble is None and (large > 1.4 * small or _turned(a, b) > ASKEW):
        return False
    if across < -0.5 * small:  # one line in two pieces
        # In joined balloons a text may stand right under another one, on open ground right beside one.
        return along > -(0.35 if bubble is None else 1.0 if bubble.convexity > SINGLE else 0.6) * large
    if along < 0.2 * min(p.width, q.width):
        return False
    if bubble is not None and bubble.convexity > SINGLE:
        return across < 1.5 * large
    # Lines of one text start level, or are centred on each other; those of two joined balloons do neither.
    offset = abs(p.left - q.left)
    if not vertical:
        offset = min(offset, abs(p.left + p.right - q.left - q.right) // 2)
    return across + 2 * offset < 0.4 * large


def _turned(a: Line, b: Line) -> float:
    """Degrees between the slopes of two lines, rows or columns; 0 where one is too short to have a slope."""
    one, other = _slope(a), _slope(b)
    if one is None or other is None:
        return 0.0
    return min((one - other) % 90, (other - one) % 90)


def _slope(line: Line) -> float | None:
    """Degrees from the level of a line's long side; None where it is hardly long."""
    a, b, _, d = line.polygon
    short, long = sorted(((b[0] - a[0], b[1] - a[1]), (d[0] - a[0], d[1] - a[1])), key=lambda side: np.hypot(*side))
    if np.hypot(*long) < LONG * np.hypot(*short):
        return None
    return float(np.degrees(np.arctan2(long[1], long[0])))


def _may_aid(line: Line) -> bool:
    """Reading aids are kana; a small line with words in it is a text of its own."""
    return len(WORDS.findall(line.text)) < 2


def _block(lines: list[Line], bubble: Bubble | None, upright: list[bool]) -> Block:
    lengths = [_length(line) for line in lines]
    vertical = 2 * sum(n for n, up in zip(lengths, upright, strict=True) if up) >= sum(lengths)
    size = float(np.average([short_side(line) for line in lines], weights=lengths))
    ruby = [line for line in lines if len(lines) > 1 and short_side(line) < FURIGANA * size and _may_aid(line)]
    body = [line for line in lines if line not in ruby]
    return Block(tuple(_in_order(body, vertical)), tuple(ruby), bubble, vertical, size / 1.15)


def _in_order(lines: Sequence[Line], vertical: bool) -> list[Line]:
    """Columns right to left, or rows top to bottom; the pieces of one line follow each other."""
    rows: list[list[Line]] = []
    for line in sorted(lines, key=lambda line: -_centre(line)[0] if vertical else _centre(line)[1]):
        last = rows[-1][0] if rows else None
        if last is not None and abs(_centre(line)[not vertical] - _centre(last)[not vertical]) < 0.5 * short_side(last):
            rows[-1].append(line)
        else:
            rows.append([line])
    return [line for row in rows for line in sorted(row, key=lambda line: _centre(line)[vertical])]


def _length(line: Line) -> int:
    return max(box_of(line).width, box_of(line).height)


def _centre(line: Line) -> tuple[float, float]:
    box = box_of(line)
    return (box.left + box.right) / 2, (box.top + box.bottom) / 2
