"""The invisible text of a PDF: it is found, marked and copied, in every script, and draws nothing."""

import math
import struct
import textwrap
import zlib
from dataclasses import replace
from typing import Any

from mangaclean import markup
from mangaclean.export import BookPage
from mangaclean.types import Box, Line, Point, Region

NAME = "Unseen"
WIDTH = 0.5  # of a glyph, ems; each line is stretched to its place
BASELINE = 0.2  # of a line's height, from below
LOW, HIGH = -200, 800  # of a glyph, thousandths of an em


class Unseen:
    """The invisible text of one document.

    One font of one glyph that shows nothing serves all scripts, as in PDFs of OCR programs: what a code means is said
    by the table to Unicode alone, so that no real font is embedded and none has to be there.
    """

    def __init__(self, canvas: Any) -> None:
        from reportlab.pdfbase import pdfdoc

        self._canvas = canvas
        self._codes: dict[str, int] = {}
        self._table = _stream(b"")
        canvas._doc.idToObject[pdfdoc.BasicFonts].dict[NAME] = canvas._doc.Reference(self._font(), NAME)

    def page(self, page: BookPage, pixels: tuple[int, int], points: tuple[float, float]) -> None:
        """Put a page's texts where they stand on its picture: translations where the picture shows them."""
        scale = points[0] / pixels[0], points[1] / pixels[1]
        for region in page.regions:
            for line in lines(replace(region, bubble=own_balloon(region, page)), page.typeset):
                self.put(line, [(x * scale[0], points[1] - y * scale[1]) for x, y in line.polygon])

    def put(self, line: Line, corners: list[tuple[float, float]]) -> None:
        """Put a line's text between four corners in points: from where it begins above to where it begins below."""
        if not line.text:
            return
        above, along, _, below = corners
        angle = math.atan2(along[1] - above[1], along[0] - above[0])
        length = math.dist(above, along)
        height = math.dist(above, below)
        if length < 0.1 or height < 0.1:
            return
        x, y = (low + BASELINE * (high - low) for low, high in zip(below, above, strict=True))
        stretch = 100 * length / (len(line.text) * WIDTH * height)
        cos, sin = math.cos(angle), math.sin(angle)
        codes = "".join(f"{self._code(char):04x}" for char in line.text)
        self._canvas._code.append(
            f"q BT 3 Tr /{NAME} {height:.2f} Tf {stretch:.2f} Tz "
            f"{cos:.5f} {sin:.5f} {-sin:.5f} {cos:.5f} {x:.2f} {y:.2f} Tm <{codes}> Tj ET Q"
        )

    def finish(self) -> None:
        """Say which code is which character, once all are known."""
        self._table.content = zlib.compress(_to_unicode(self._codes))

    def _code(self, char: str) -> int:
        return self._codes.setdefault(char, len(self._codes) + 1) if len(self._codes) < 0xFFFE else 0

    def _font(self) -> Any:
        """A composite font whose characters are all one glyph."""
        from reportlab.pdfbase.pdfdoc import PDFArray, PDFDictionary, PDFName, PDFString

        reference = self._canvas._doc.Reference
        program = empty_font()
        file = _stream(zlib.compress(program))
        file.dictionary["Length1"] = len(program)
        descriptor = PDFDictionary(
            {
                "Type": PDFName("FontDescriptor"),
                "FontName": PDFName(NAME),
                "Flags": 5,
                "FontBBox": PDFArray([0, LOW, int(WIDTH * 1000), HIGH]),
                "ItalicAngle": 0,
                "Ascent": HIGH,
                "Descent": LOW,
                "CapHeight": HIGH,
                "StemV": 80,
                "FontFile2": reference(file),
            }
        )
        descendant = PDFDictionary(
            {
                "Type": PDFName("Font"),
                "Subtype": PDFName("CIDFontType2"),
                "BaseFont": PDFName(NAME),
                "CIDSystemInfo": PDFDictionary(
                    {"Registry": PDFString("Adobe"), "Ordering": PDFString("Identity"), "Supplement": 0}
                ),
                "FontDescriptor": reference(descriptor),
                "DW": int(WIDTH * 1000),
                "CIDToGIDMap": reference(_stream(zlib.compress(bytes(2 * 65536), 9))),
            }
        )
        return PDFDictionary(
            {
                "Type": PDFName("Font"),
                "Subtype": PDFName("Type0"),
                "BaseFont": PDFName(NAME),
                "Encoding": PDFName("Identity-H"),
                "DescendantFonts": PDFArray([reference(descendant)]),
                "ToUnicode": reference(self._table),
            }
        )


def own_balloon(region: Region, page: BookPage) -> Box | None:
    """The balloon of a region, if no other region stands in it."""
    bubble = region.bubble
    shared = bubble and any(other is not region and other.box.overlap(bubble) for other in page.regions)
    return None if shared else bubble


def lines(region: Region, translated: bool) -> list[Line]:
    """What can be read in a region, line by line, each with its place in px; columns lie with their head to the right.

    Lines of the source stand where they were found; the translation is spread over its box.
    """
    if translated and region.translation.strip():
        return _spread(region, " ".join(markup.parse(region.translation).text.split()))
    if not region.text.strip():
        return []
    if region.lines and all(line.text.strip() for line in region.lines):
        return [Line(_upright(line.polygon, region.vertical), text=line.text.strip()) for line in region.lines]
    return _spread(region, " ".join(region.text.split()))


def _spread(region: Region, text: str) -> list[Line]:
    """A text over the place that it has, broken so that its letters come out with the shape that letters have."""
    box = region.style.box or (region.bubble if region.translation else None) or region.box
    spaced = " " in text
    vertical = region.vertical and not spaced and any(ord(char) > 0x2E7F for char in text)
    along, across = (box.height, box.width) if vertical else (box.width, box.height)
    wide = 0.55 if spaced else 1.0  # of a letter, as a share of the distance between lines
    size = math.sqrt(along * across / (len(text) * wide))
    each = max(int(along / (size * wide)), 1)
    rows = textwrap.wrap(text, max(each, *map(len, text.split())), break_on_hyphens=False) if spaced else []
    rows = rows or [text[i : i + each] for i in range(0, len(text), each)]
    longest = max(map(len, rows))
    step = min(across / len(rows), along / (longest * wide))
    before = (across - step * len(rows)) / 2
    made = []
    for i, row in enumerate(rows):
        first, last = round(before + i * step), round(before + (i + 1) * step)
        side = round((along - along * len(row) / longest) / 2)
        if vertical:
            left, top, right, bottom = box.right - last, box.top + side, box.right - first, box.bottom - side
        else:
            left, top, right, bottom = box.left + side, box.top + first, box.right - side, box.top + last
        polygon = (left, top), (right, top), (right, bottom), (left, bottom)
        made.append(Line(_upright(polygon, vertical), text=row + (" " if spaced and i < len(rows) - 1 else "")))
    return made


def _upright(polygon: tuple[Point, Point, Point, Point], vertical: bool) -> tuple[Point, Point, Point, Point]:
    """The corners in the order of the line's own top left, top right, …: a column is a line turned to the right."""
    return (*polygon[1:], polygon[0]) if vertical else polygon


def _stream(data: bytes) -> Any:
    from reportlab.pdfbase.pdfdoc import PDFName, PDFStream

    stream = PDFStream(content=data, filters=[])
    stream.dictionary["Filter"] = PDFName("FlateDecode")
    return stream


def _to_unicode(codes: dict[str, int]) -> bytes:
    """A CMap from codes to UTF-16, as ISO 32000-1, 9.10.3 describes it."""
    entries = [
        f"<{code:04x}> <{char.encode('utf-16-be', 'replace').hex()}>" for char, code in (codes or {" ": 1}).items()
    ]
    blocks = [entries[i : i + 100] for i in range(0, len(entries), 100)]
    body = "\n".join(f"{len(block)} beginbfchar\n" + "\n".join(block) + "\nendbfchar" for block in blocks)
    return (
        "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n"
        "/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def\n"
        "/CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n"
        f"1 begincodespacerange\n<0000> <ffff>\nendcodespacerange\n{body}\n"
        "endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n"
    ).encode()


def empty_font() -> bytes:
    """A TrueType font with one glyph: the tables that a PDF wants.

    The glyph is a line from corner to corner, which has a size but no area: readers pass over letters without a size.
    """
    wide = int(WIDTH * 1000)
    tables = {
        b"glyf": struct.pack(">hhhhhHHBBhhhh", 1, 0, LOW, wide, HIGH, 1, 0, 1, 1, 0, wide, LOW, HIGH - LOW),
        b"head": struct.pack(
            ">IIIIHHqqhhhhHHhhh", 0x10000, 0x10000, 0, 0x5F0F3CF5, 0, 1000, 0, 0, 0, LOW, wide, HIGH, 0, 8, 2, 0, 0
        ),
        b"hhea": struct.pack(">IhhhHhhhhhh8xhH", 0x10000, HIGH, LOW, 0, wide, 0, 0, wide, 1, 0, 0, 0, 1),
        b"hmtx": struct.pack(">Hh", wide, 0),
        b"loca": struct.pack(">HH", 0, 12),
        b"maxp": struct.pack(">IHHH22x", 0x10000, 1, 2, 1),
    }
    power = 1 << (len(tables).bit_length() - 1)
    head = struct.pack(
        ">IHHHH", 0x10000, len(tables), power * 16, power.bit_length() - 1, len(tables) * 16 - power * 16
    )
    at = len(head) + 16 * len(tables)
    directory, body = b"", b""
    for name, data in tables.items():
        padded = data + bytes(-len(data) % 4)
        total = sum(struct.unpack(f">{len(padded) // 4}I", padded)) & 0xFFFFFFFF
        directory += struct.pack(">4sIII", name, total, at + len(body), len(data))
        body += padded
    return head + directory + body
