"""Text drawn into a PDF as outlines, in any script and any font, with the unseen text over it to be found."""

import zlib
from collections.abc import Sequence
from typing import Any

from mangaclean import bidi, breaking, markup, shaping
from mangaclean.config import TypesetConfig
from mangaclean.export.unseen import Unseen
from mangaclean.faces import SLANT, Face
from mangaclean.fonts import Fonts
from mangaclean.shaping import Typography
from mangaclean.types import Line

UNITS = 1000  # of an em, in which outlines are written


class Pen:
    """Writes lines of text on one canvas; reportlab by itself knows neither shaping nor fonts with CFF outlines."""

    def __init__(self, canvas: Any, unseen: Unseen) -> None:
        self._canvas, self._unseen = canvas, unseen
        self._fonts: dict[str, Fonts] = {}
        self._made: set[str] = set()
        self._drawers: dict[tuple[str, int], Any] = {}
        self._names: dict[tuple[str, int], int] = {}

    def broken(self, text: str, language: str, size: float, width: float) -> list[shaping.Line]:
        """A text as lines no longer than `width` in points at that size; a word that is longer stands alone."""
        copy = markup.parse(text)
        how = self._how(copy.text, language)
        made, start, last = [], 0, 0
        for place in breaking.breaks(copy, language):
            long = shaping.shape(shaping.line(copy, start, place.at), how).length * size > width
            if long and last > start:
                made.append(shaping.line(copy, start, last))
                start = last
            if place.forced:
                made.append(shaping.line(copy, start, place.at))
                start = place.at
            last = place.at
        return [line for line in made if line.text]

    def write(self, lines: Sequence[shaping.Line], language: str, size: float, x: float, y: float, step: float) -> None:
        """Write lines downwards, the first on the baseline `y`, in the colour that the canvas fills with."""
        for line in lines:
            rtl = bidi.is_rtl(line.text)
            shaped = shaping.shape(line, self._how(line.copy.text, language), rtl)
            for mark in shaped.marks:
                scale = size * mark.scale / UNITS
                name = self._form(mark.face, mark.number)
                self._canvas._code.append(
                    f"q {scale:.5f} 0 0 {scale:.5f} {x + mark.x * size:.2f} {y - mark.y * size:.2f} cm /{name} Do Q"
                )
            top, bottom, right = y + 0.8 * size, y - 0.2 * size, x + shaped.length * size
            corners = [(x, top), (right, top), (right, bottom), (x, bottom)]
            self._unseen.put(Line(((0, 0), (0, 0), (0, 0), (0, 0)), text=line.text + " "), corners)
            y -= step

    def _how(self, text: str, language: str) -> Typography:
        fonts = self._fonts.setdefault(language, Fonts(TypesetConfig(language=language or "en")))
        plain = fonts.fitting(text, "other")
        return Typography(plain, plain, fonts.standin, language)

    def _form(self, face: Face, number: int) -> str:
        """The name of a glyph's outline in this document, which holds each of them once."""
        font = self._names.setdefault((face.path, face.index), len(self._names))
        key = f"g{font}s{int(face.slanted)}n{number}"
        document = self._canvas._doc
        if key not in self._made:
            from reportlab.pdfbase.pdfdoc import PDFArray, PDFName, PDFStream

            stream = PDFStream(content=zlib.compress(self._outline(face, number).encode()), filters=[])
            stream.dictionary["Type"] = PDFName("XObject")
            stream.dictionary["Subtype"] = PDFName("Form")
            stream.dictionary["BBox"] = PDFArray([-2 * UNITS, -2 * UNITS, 4 * UNITS, 4 * UNITS])
            stream.dictionary["Filter"] = PDFName("FlateDecode")
            document.addForm(key, stream)
            self._made.add(key)
        if key not in self._canvas._formsinuse:
            self._canvas._formsinuse.append(key)
        name: str = document.getXObjectName(key)
        return name

    def _outline(self, face: Face, number: int) -> str:
        """The operators that fill a glyph, in thousandths of an em."""
        import freetype

        key = face.path, face.index
        if key not in self._drawers:
            self._drawers[key] = freetype.Face(*key)
        drawer = self._drawers[key]
        drawer.load_glyph(number, freetype.FT_LOAD_NO_SCALE | freetype.FT_LOAD_NO_HINTING)
        unit = UNITS / (drawer.units_per_EM or UNITS)
        lean = SLANT if face.slanted else 0.0
        out: list[str] = []
        pen = [0.0, 0.0]

        def at(x: float, y: float) -> tuple[float, float]:
            return (x + lean * y) * unit, y * unit

        def go(operator: str, *points: tuple[float, float]) -> None:
            out.append(" ".join(f"{x:.1f} {y:.1f}" for x, y in points) + f" {operator}")
            pen[:] = points[-1]

        def conic(control: Any, end: Any, _: Any) -> None:
            (cx, cy), (ex, ey) = at(control.x, control.y), at(end.x, end.y)
            first = pen[0] + 2 / 3 * (cx - pen[0]), pen[1] + 2 / 3 * (cy - pen[1])
            go("c", first, (ex + 2 / 3 * (cx - ex), ey + 2 / 3 * (cy - ey)), (ex, ey))

        drawer.glyph.outline.decompose(
            None,
            move_to=lambda to, _: go("m", at(to.x, to.y)),
            line_to=lambda to, _: go("l", at(to.x, to.y)),
            conic_to=conic,
            cubic_to=lambda a, b, to, _: go("c", at(a.x, a.y), at(b.x, b.y), at(to.x, to.y)),
        )
        return "\n".join([*out, "f"]) if out else ""
