"""A font face: what it covers, how it shapes text, and the pixels of its glyphs."""

import ctypes
from functools import cached_property, lru_cache
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

Way = Literal["ltr", "rtl", "ttb"]
SUBPIXELS = 4  # places within a pixel at which glyphs are drawn
SLANT = 0.21  # of a face that has no italic of its own
FEATURES = {"kern": True, "liga": True, "clig": True, "calt": True}


class Glyph(NamedTuple):
    """A glyph in its run, in ems: where it is drawn (x right, y down), how far it goes on, the character it is of."""

    number: int
    x: float
    y: float
    dx: float
    dy: float
    cluster: int


class Bitmap(NamedTuple):
    """Coverage of a glyph (h, w), 0 to 255; `left` and `top` say where it lies from the glyph's origin, y down."""

    pixels: NDArray[np.uint8]
    left: int
    top: int


class Face:
    """One face of a font file. `slanted` and `bold` (ems) make up for styles that a family lacks."""

    def __init__(self, path: str, index: int = 0, *, slanted: bool = False, bold: float = 0.0) -> None:
        self.path, self.index, self.slanted, self.bold = path, index, slanted, bold
        self._covers: dict[str, bool] = {}

    def __repr__(self) -> str:
        return f"Face({self.path!r}, {self.index})"

    @cached_property
    def _shaper(self) -> Any:
        import uharfbuzz

        return uharfbuzz.Font(uharfbuzz.Face(uharfbuzz.Blob.from_file_path(self.path), self.index))

    @cached_property
    def _em(self) -> int:
        return int(self._shaper.face.upem) or 1000

    @cached_property
    def _drawer(self) -> Any:
        import freetype

        return freetype.Face(self.path, self.index)

    def covers(self, char: str) -> bool:
        """Whether it has a glyph for a character."""
        if char not in self._covers:
            self._covers[char] = bool(self._shaper.get_nominal_glyph(ord(char)))
        return self._covers[char]

    @cached_property
    def capitals_only(self) -> bool:
        """Whether small letters look like capitals, as comic lettering has it."""
        heights = [self._height(char) for char in "aexAEX"]
        return all(heights) and min(heights[:3]) > 0.9 * max(heights[3:])

    @cached_property
    def barred_i(self) -> bool:
        """Whether its I has bars and the place of its i holds an I without."""
        return self.capitals_only and self._width("I") > 1.4 * self._width("i") > 0

    def _height(self, char: str) -> float:
        extents = self._extents(self._shaper.get_nominal_glyph(ord(char)) or 0)
        return extents[1] - extents[3]

    def _width(self, char: str) -> float:
        extents = self._extents(self._shaper.get_nominal_glyph(ord(char)) or 0)
        return extents[2] - extents[0]

    def _extents(self, number: int) -> tuple[float, float, float, float]:
        extents = self._shaper.get_glyph_extents(number)
        if extents is None:
            return 0.0, 0.0, 0.0, 0.0
        left, top = extents.x_bearing / self._em, extents.y_bearing / self._em
        return left, top, left + extents.width / self._em, top + extents.height / self._em

    def ink(self, glyph: Glyph) -> tuple[float, float]:
        """How far a glyph's ink goes above and below the line that its run stands on, ems."""
        _, top, _, bottom = self._extents(glyph.number)
        return top - glyph.y + self.bold, glyph.y - bottom + self.bold

    def sides(self, glyph: Glyph) -> tuple[float, float]:
        """Where a glyph's ink begins and ends from x = 0 of its run's pen, ems."""
        left, top, right, bottom = self._extents(glyph.number)
        lean = SLANT if self.slanted else 0.0
        return (
            glyph.x + left + min(lean * bottom, 0.0) - self.bold,
            glyph.x + right + max(lean * top, 0.0) + self.bold,
        )

    def shape(self, text: str, way: Way, language: str = "") -> tuple[Glyph, ...]:
        """The glyphs of a run of one script and direction, in the order in which they are seen."""
        return _shaped(self, text, way, language)

    def bitmap(
        self, number: int, size: float, at: tuple[float, float], turn: float = 0.0, stroke: float = 0.0
    ) -> tuple[Bitmap, int, int]:
        """A glyph at `size` px an em whose origin is at `at` on the page, turned by `turn` radians anticlockwise.

        With `stroke` px it is that much fatter all round. Gives the bitmap and the whole pixel that it hangs from.
        """
        x, y = int(np.floor(at[0])), int(np.floor(at[1]))
        column = round((at[0] - x) * SUBPIXELS)
        row = round((at[1] - y) * SUBPIXELS)
        radius = round((stroke + self.bold * size) * 64)
        return _drawn(self, number, round(size * 64), column, row, round(turn, 4), radius), x, y


@lru_cache(maxsize=20_000)
def _shaped(face: Face, text: str, way: Way, language: str) -> tuple[Glyph, ...]:
    import uharfbuzz

    buffer = uharfbuzz.Buffer()
    buffer.add_str(text)
    buffer.guess_segment_properties()
    buffer.direction = way
    if language:
        buffer.language = language
    uharfbuzz.shape(face._shaper, buffer, FEATURES)
    em = face._em
    return tuple(
        Glyph(info.codepoint, p.x_offset / em, -p.y_offset / em, p.x_advance / em, -p.y_advance / em, info.cluster)
        for info, p in zip(buffer.glyph_infos, buffer.glyph_positions, strict=True)
    )


@lru_cache(maxsize=4096)
def _drawn(face: Face, number: int, size: int, column: int, row: int, turn: float, radius: int) -> Bitmap:
    """`size` and `radius` in 64ths of a pixel."""
    import freetype

    drawer = face._drawer
    drawer.set_char_size(size, size, 72, 72)
    cos, sin, lean = np.cos(turn), np.sin(turn), SLANT if face.slanted else 0.0
    # The slant first, then the turn; FreeType's y goes up
    values = (cos, cos * lean - sin, sin, sin * lean + cos)
    matrix = freetype.Matrix(*(round(float(value) * 0x10000) for value in values))
    drawer.set_transform(matrix, freetype.Vector(column * 64 // SUBPIXELS, -row * 64 // SUBPIXELS))
    drawer.load_glyph(number, freetype.FT_LOAD_NO_HINTING | freetype.FT_LOAD_NO_BITMAP)
    glyph = drawer.glyph.get_glyph()
    if radius:
        stroker = freetype.Stroker()
        stroker.set(radius, freetype.FT_STROKER_LINECAP_ROUND, freetype.FT_STROKER_LINEJOIN_ROUND, 0)
        glyph.stroke(stroker, True)
    made = glyph.to_bitmap(freetype.FT_RENDER_MODE_NORMAL, 0, True)
    rows, columns, pitch = made.bitmap.rows, made.bitmap.width, made.bitmap.pitch
    # The library's own `buffer` copies byte by byte in Python
    data = ctypes.string_at(made.bitmap._FT_Bitmap.buffer, rows * pitch) if rows else b""
    pixels = np.frombuffer(data, np.uint8).reshape(rows, pitch)[:, :columns]
    bitmap = Bitmap(pixels, made.left, -made.top)
    if radius and rows:  # a stroke is a ring, open in the middle of thick letters
        return _over(bitmap, _drawn(face, number, size, column, row, turn, 0))
    return bitmap


def _over(ring: Bitmap, inner: Bitmap) -> Bitmap:
    out = ring.pixels.copy()
    top, left = max(inner.top - ring.top, 0), max(inner.left - ring.left, 0)
    window = out[top : top + inner.pixels.shape[0], left : left + inner.pixels.shape[1]]
    np.maximum(window, inner.pixels[: window.shape[0], : window.shape[1]], out=window)
    return ring._replace(pixels=out)
