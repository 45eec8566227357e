"""Proof: a PDF for the editor, with numbered regions on each page and their texts beside it, and room for notes."""

import io
import logging
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, BinaryIO

import numpy as np

from mangaclean import images
from mangaclean.errors import PageError
from mangaclean.export import Book, BookPage, Leaf, placed, read
from mangaclean.export.pdf import describe
from mangaclean.export.pictures import picture, place
from mangaclean.export.strips import cuts
from mangaclean.export.unseen import own_balloon
from mangaclean.types import Box, Image, Region

if TYPE_CHECKING:
    from mangaclean.export.glyphs import Pen
    from mangaclean.setting import Piece

log = logging.getLogger(__name__)

SHEET = (841.9, 595.3)  # A4 on its side, points
MARGIN = 26.0
HEAD = 16.0
WIDEST = 0.5  # of a sheet, for the picture
LONGEST = 1700  # px of a picture: enough to read small lettering at twice its size
TEXT, STEP = 8.5, 11.0
ROW = 25.0  # least height: a note by hand has room
COLUMNS = (0.05, 0.27, 0.37, 0.31)  # number, source, translation, note
RED = (0.85, 0.1, 0.1)


def write(book: Book, dest: Path) -> None:
    """Write `dest`. The same book gives the same bytes. OutputError if the file cannot be written."""
    from reportlab.pdfgen.canvas import Canvas

    from mangaclean.export.glyphs import Pen
    from mangaclean.export.unseen import Unseen

    with placed(dest) as file, tempfile.TemporaryFile(dir=dest.parent) as spool:
        canvas = Canvas(file, pagesize=SHEET, pageCompression=1, invariant=1)
        describe(canvas, replace(book, direction="ltr"))  # sheets are read in the editor's direction, not the comic's
        unseen = Unseen(canvas)
        sheets = _Sheets(book, canvas, Pen(canvas, unseen), file, spool)
        for page in book.pages:
            try:
                for part in _parts(page):
                    sheets.draw(page, *part)
            except PageError as error:
                log.warning("%s; %s goes without this page", error, dest.name)
        unseen.finish()
        canvas.save()


def _parts(page: BookPage) -> Iterator[tuple[Image, Box]]:
    """What is shown of a page, and where that lies on it: all of it, or the screens of a strip."""
    file = page.picture if page.typeset else None
    image = images.load(file.read_bytes() if file else read(page), page.name).image
    width = image.shape[1]
    for top, bottom in cuts(image):
        yield image[top:bottom], Box(0, top, width, bottom)


class _Sheets:
    def __init__(self, book: Book, canvas: Any, pen: "Pen", file: BinaryIO, spool: IO[bytes]) -> None:
        self._book, self._canvas, self._pen, self._file, self._spool = book, canvas, pen, file, spool
        from reportlab.lib.colors import Color

        self._paper = Color(1.0, 1.0, 0.95)
        self._number = 0
        self._fields = 0
        self._last = ""

    def draw(self, page: BookPage, image: Image, box: Box) -> None:
        """A sheet with a picture and its table; more sheets where the table is longer."""
        pieces = {piece.region: piece for piece in page.pieces()} if page.typeset else {}
        left = self._picture(page, image, box, pieces)
        regions = [r for r in page.regions if box.top <= (r.box.top + r.box.bottom) / 2 < box.bottom]
        tight = {name for name, piece in pieces.items() if not piece.fits}
        y = self._heads(left)
        for region in regions:
            rows = self._texts(region, left)
            height = max(ROW, max(map(len, rows)) * STEP + 6)
            if y - height < MARGIN:
                self._canvas.showPage()
                left = MARGIN
                rows = self._texts(region, left)
                height = max(ROW, max(map(len, rows)) * STEP + 6)
                self._title(page)
                y = self._heads(left)
            self._row(region, rows, left, y, height, "too long for its place" if region.id in tight else "")
            y -= height
        self._canvas.showPage()

    def _title(self, page: BookPage) -> None:
        words = " · ".join(word for word in (self._book.settings.series, self._book.title, page.name) if word)
        self._canvas.setFillGray(0.35)
        lines = self._pen.broken(words, "en", TEXT, SHEET[0])[:1]
        self._pen.write(lines, "en", TEXT, MARGIN, SHEET[1] - MARGIN, STEP)

    def _picture(self, page: BookPage, image: Image, box: Box, pieces: "Mapping[str, Piece]") -> float:
        """Draw the page with its numbers; gives where the table begins."""
        from PIL import Image as Pillow

        small = Pillow.fromarray(np.ascontiguousarray(image))
        small.thumbnail((LONGEST, LONGEST), Pillow.Resampling.LANCZOS)
        out = io.BytesIO()
        small.save(out, "JPEG", quality=82)
        found = picture(Leaf(page.name, ".jpg", "", out.getvalue(), page))
        assert found is not None
        room = SHEET[0] * WIDEST - MARGIN, SHEET[1] - 2 * MARGIN - HEAD
        scale = min(room[0] / box.width, room[1] / box.height)
        width, height = box.width * scale, box.height * scale
        x, y = MARGIN, SHEET[1] - MARGIN - HEAD + TEXT - height
        self._number += 1
        self._title(page)
        if page.chapter or self._number == 1:
            self._outline(page)
        place(self._canvas, found, f"sheet{self._number}", (x, y, width, height), self._file, self._spool)
        for region in page.regions:
            part = region.box
            if page.typeset and (balloon := own_balloon(region, page)):
                part = balloon
            elif piece := pieces.get(region.id):
                high, wide = piece.pixels.shape[:2]
                part = Box(piece.left - 6, piece.top - 6, piece.left + wide + 6, piece.top + high + 6)
            if not box.top <= (region.box.top + region.box.bottom) / 2 < box.bottom:
                continue
            corner = x + part.left * scale, y + height - (part.bottom - box.top) * scale
            self._marker(region, corner, part.width * scale, part.height * scale, framed=not page.typeset)
        return x + width + 12

    def _outline(self, page: BookPage) -> None:
        title = page.chapter or self._book.title
        if self._last != title:
            self._last = title
            self._canvas.bookmarkPage(f"sheet{self._number}")
            self._canvas.addOutlineEntry(title, f"sheet{self._number}")

    def _marker(
        self, region: Region, corner: tuple[float, float], width: float, height: float, *, framed: bool
    ) -> None:
        """The number at the upper corner where reading begins; a frame round what is not set anew."""
        canvas = self._canvas
        if framed:
            canvas.setStrokeColorRGB(*RED)
            canvas.setLineWidth(0.4)
            canvas.rect(corner[0], corner[1], width, height)
        x = corner[0] + (width if region.vertical else 0.0)
        y = corner[1] + height
        canvas.setFillColorRGB(*RED)
        canvas.circle(x, y, 5.0, stroke=0, fill=1)
        canvas.setFillGray(1)
        canvas.setFont("Helvetica-Bold", 6.5)
        canvas.drawCentredString(x, y - 2.3, str(region.order))

    def _stops(self, left: float) -> list[float]:
        stops = [left]
        for share in COLUMNS:
            stops.append(stops[-1] + share * (SHEET[0] - MARGIN - left))
        return stops

    def _heads(self, left: float) -> float:
        canvas = self._canvas
        y = SHEET[1] - MARGIN - HEAD
        canvas.setFillGray(0.35)
        canvas.setFont("Helvetica", 7)
        for x, word in zip(self._stops(left), ("", "source", "translation", "note"), strict=False):
            canvas.drawString(x + 2, y + 2, word)
        self._rule(left, y - 2)
        return y - 2

    def _rule(self, left: float, y: float) -> None:
        self._canvas.setStrokeGray(0.7)
        self._canvas.setLineWidth(0.4)
        self._canvas.line(left, y, SHEET[0] - MARGIN, y)

    def _texts(self, region: Region, left: float) -> list[Any]:
        """The lines of the source and of the translation, as their columns have room."""
        stops = self._stops(left)
        languages = self._book.source_language, self._book.language
        texts = region.text, region.translation
        return [
            self._pen.broken(text, language, TEXT, stops[i + 2] - stops[i + 1] - 6)
            for i, (text, language) in enumerate(zip(texts, languages, strict=True))
        ]

    def _row(self, region: Region, rows: list[Any], left: float, y: float, height: float, note: str) -> None:
        canvas, stops = self._canvas, self._stops(left)
        canvas.setFillColorRGB(*RED)
        canvas.setFont("Helvetica-Bold", 8)
        canvas.drawString(stops[0] + 2, y - TEXT - 2, str(region.order))
        languages = self._book.source_language, self._book.language
        for i, (lines, language) in enumerate(zip(rows, languages, strict=True)):
            canvas.setFillGray(0.0)
            self._pen.write(lines, language, TEXT, stops[i + 1] + 2, y - TEXT - 2, STEP)
        if not region.translation.strip():
            note = "stays as it is" if region.action == "keep" else "not translated"
        self._fields += 1
        canvas.acroForm.textfield(
            name=f"note{self._fields}",
            tooltip=f"note on {region.order}",
            value=note,
            x=stops[3],
            y=y - height + 1,
            width=stops[4] - stops[3],
            height=height - 2,
            fontSize=8,
            borderWidth=0,
            fillColor=self._paper,
            fieldFlags="multiline",
        )
        self._rule(left, y - height)
