"""Text shaped into glyphs: by direction, by face, across or down, with readings; and measured for layout."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np

from mangaclean import bidi
from mangaclean.breaking import Break, is_ideographic
from mangaclean.faces import Face, Way
from mangaclean.layout import Measured
from mangaclean.markup import Copy

RUBY = 0.5  # size of readings
TCY = 2  # figures and marks side by side in a column, at most ("tate-chu-yoko")
_SIDEWAYS = frozenset("-–—―…‥~〜ー")


class Mark(NamedTuple):
    """A glyph on its line, in ems: `x` along the line from its beginning, `y` across, downwards or to the left."""

    face: Face
    number: int
    x: float
    y: float
    scale: float
    turned: bool = False  # a quarter clockwise, as Latin letters lie in a column


@dataclass(frozen=True, slots=True)
class Shaped:
    """A line of glyphs; its length, how far ink goes above and below its axis and hangs out at its ends, in ems."""

    marks: tuple[Mark, ...]
    length: float
    above: float
    below: float
    side: float


@dataclass(frozen=True)
class Typography:
    """How one text is shaped: faces for plain and emphasised letters, the first being the one meant; and direction."""

    plain: Sequence[Face]
    loud: Sequence[Face]
    standin: Callable[[str], Face | None]
    language: str = ""
    vertical: bool = False
    tracking: float = 0.0

    def face(self, char: str, loud: bool) -> Face:
        """The first face that has a character; where none has it, the first shows its empty box."""
        faces = self.loud if loud else self.plain
        for face in faces:
            if face.covers(char):
                return face
        return self.standin(char) or faces[0]


@dataclass(frozen=True)
class Line:
    """Characters from `start` to `end` of a text, blanks at its ends left out."""

    copy: Copy
    start: int
    end: int
    hyphen: bool = False

    @cached_property
    def text(self) -> str:
        return self.copy.text[self.start : self.end] + ("-" if self.hyphen else "")

    def loud(self, i: int) -> bool:
        at = min(self.start + i, self.end - 1)
        return bool(self.copy.loud[at]) if at >= 0 else False


def line(copy: Copy, start: int, end: int, hyphen: bool = False) -> Line:
    """The line between two breaks."""
    text = copy.text[start:end]
    return Line(copy, start + len(text) - len(text.lstrip(" \n")), start + len(text.rstrip(" \n")), hyphen)


def shape(line: Line, how: Typography, rtl: bool = False) -> Shaped:
    """The glyphs of a line, with their places."""
    return _down(line, how) if how.vertical else _across(line, how, rtl)


def measure(copy: Copy, breaks: Sequence[Break], how: Typography, rtl: bool = False) -> Measured:
    """What layout needs to know of a text with these breaks: each stretch between breaks is shaped by itself."""
    reach, blank, extra = [0.0], [0.0], [0.0]
    above = below = side = 0.0
    space = _space(how)
    start = 0
    for place in breaks:
        piece = line(copy, start, place.at)
        shaped = shape(piece, how, rtl)
        above, below = max(above, shaped.above), max(below, shaped.below)
        side = max(side, shaped.side)
        white = space * (place.at - max(piece.end, start)) if place.at < len(copy.text) else 0.0
        lead = space * (piece.start - start) if start == 0 or piece.start > start else 0.0
        reach.append(reach[-1] + lead + shaped.length + white)
        blank.append(white)
        extra.append(shape(Line(replace(copy, text="-", loud=(False,)), 0, 1), how).length if place.hyphen else 0.0)
        start = place.at
    cost = np.array([0.0, *(place.cost for place in breaks)])
    forced = np.array([False, *(place.forced for place in breaks)])
    return Measured(np.array(reach), np.array(blank), np.array(extra), cost, forced, above, below, side)


def _space(how: Typography) -> float:
    glyphs = how.plain[0].shape(" ", "ltr")
    return sum(glyph.dx for glyph in glyphs) + how.tracking


def _stretches(line: Line, start: int, end: int, how: Typography) -> list[tuple[int, int, Face]]:
    """Stretches of one face; marks that combine stay with their letter."""
    made: list[tuple[int, int, Face]] = []
    for i in range(start, end):
        char = line.text[i]
        joins = ord(char) in range(0x300, 0x370) or char in "\u200d\ufe0e\ufe0f\u00a0\u202f \u2060"
        face = made[-1][2] if made and joins else how.face(char, line.loud(i))
        if made and made[-1][2] is face:
            made[-1] = made[-1][0], i + 1, face
        else:
            made.append((i, i + 1, face))
    return made


def _across(line: Line, how: Typography, rtl: bool) -> Shaped:
    marks: list[Mark] = []
    centres: dict[int, tuple[float, float]] = {}  # character → where it begins and ends, for readings
    pen, above, below, first_ink, last_ink = 0.0, 0.0, 0.0, 0.0, 0.0
    for run in bidi.runs(line.text, rtl):
        stretches = _stretches(line, run.start, run.end, how)
        for start, end, face in stretches[::-1] if run.rtl else stretches:
            way: Way = "rtl" if run.rtl else "ltr"
            for glyph in face.shape(line.text[start:end], way, how.language):
                marks.append(Mark(face, glyph.number, pen + glyph.x, glyph.y, 1.0))
                up, down = face.ink(glyph)
                above, below = max(above, up), max(below, down)
                begins, ends = face.sides(glyph)
                first_ink, last_ink = min(first_ink, pen + begins), max(last_ink, pen + ends)
                wide = glyph.dx + (how.tracking if glyph.dx else 0.0)
                first, last = centres.get(start + glyph.cluster, (pen, pen))
                centres[start + glyph.cluster] = min(first, pen), max(last, pen + wide)
                pen += wide
    length = max(pen - how.tracking, 0.0)
    over = _readings(line, how, centres, above)
    if over:
        marks += over
        above += RUBY
    return Shaped(tuple(marks), length, above, below, max(-first_ink, last_ink - length, 0.0))


def _readings(line: Line, how: Typography, places: dict[int, tuple[float, float]], above: float) -> list[Mark]:
    """Readings over their words, half as large."""
    made: list[Mark] = []
    for ruby in line.copy.rubies:
        here = [places[i - line.start] for i in range(ruby.start, ruby.end) if i - line.start in places]
        if not here or not line.start <= ruby.start < line.end:
            continue
        face = how.face(ruby.text[0], False)
        way: Way = "ttb" if how.vertical else "ltr"
        glyphs = face.shape(ruby.text, way, how.language)
        long = sum(glyph.dy if how.vertical else glyph.dx for glyph in glyphs) * RUBY
        pen = (min(a for a, _ in here) + max(b for _, b in here) - long) / 2
        for glyph in glyphs:
            if how.vertical:
                made.append(
                    Mark(face, glyph.number, pen + glyph.y * RUBY, -(0.5 + RUBY / 2) - glyph.x * RUBY - 0.02, RUBY)
                )
                pen += glyph.dy * RUBY
            else:
                made.append(Mark(face, glyph.number, pen + glyph.x * RUBY, -above - 0.06, RUBY))
                pen += glyph.dx * RUBY
    return made


def _down(line: Line, how: Typography) -> Shaped:
    """A column: ideographs upright with their vertical forms, two figures side by side, longer Latin on its side."""
    marks: list[Mark] = []
    places: dict[int, tuple[float, float]] = {}
    pen = 0.0
    for start, end, kind in _columns(line.text):
        for first, last, face in _stretches(line, start, end, how):
            text = line.text[first:last]
            if kind == "beside":
                glyphs = face.shape(text, "ltr", how.language)
                wide = sum(glyph.dx for glyph in glyphs)
                scale = min(1.0, 1.0 / wide) if wide else 1.0
                tall = max((face.ink(glyph)[0] for glyph in glyphs), default=0.8)
                at = -wide * scale / 2
                for glyph in glyphs:
                    marks.append(Mark(face, glyph.number, pen + 0.5 + tall * scale / 2, -(at + glyph.x * scale), scale))
                    at += glyph.dx * scale
                places[first] = pen, pen + 1.0
                pen += 1.0
                continue
            across = kind == "sideways"
            for glyph in face.shape(text, "ltr" if across else "ttb", how.language):
                step = glyph.dx if across else glyph.dy
                if across:  # turned about its baseline; 0.36 em brings small letters' middle onto the axis
                    marks.append(Mark(face, glyph.number, pen + glyph.x, 0.36 + glyph.y, 1.0, True))
                else:
                    marks.append(Mark(face, glyph.number, pen + glyph.y, -glyph.x, 1.0))
                places[first + glyph.cluster] = pen, pen + step
                pen += step + how.tracking
    over = _readings(line, how, places, 0.5)
    return Shaped((*marks, *over), max(pen - how.tracking, 0.0), 0.5 + (RUBY if over else 0.0), 0.5, 0.0)


def _columns(text: str) -> list[tuple[int, int, str]]:
    """Stretches of a column by how they stand: upright, beside (each other) or sideways."""
    made: list[tuple[int, int, str]] = []
    i = 0
    while i < len(text):
        end = i
        while end < len(text) and not _stands(text[end]) and (text[end].isalnum() == text[i].isalnum()):
            end += 1
        if end > i:
            short = end - i <= TCY + (text[i] in "!?") and not text[i].isspace() and text[i] not in _SIDEWAYS
            upright = short and (text[i:end].isalnum() or set(text[i:end]) <= set("!?"))
            made.append((i, end, "beside" if upright else "sideways"))
            i = end
        else:
            made.append((i, i + 1, "upright"))
            i += 1
    return made


def _stands(char: str) -> bool:
    return is_ideographic(char) or "가" <= char <= "힣" or char in "…‥—―“”‘’♪♥★☆"
