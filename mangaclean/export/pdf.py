"""PDF: one page for each picture, in its physical size, with an outline and an invisible layer of text."""

import hashlib
import io
import logging
import tempfile
import zlib
from pathlib import Path
from typing import IO, Any, BinaryIO

from mangaclean.export import Book, leaves, placed
from mangaclean.export.pictures import Picture, picture

log = logging.getLogger(__name__)

BLANK = (595.0, 842.0)


def write(book: Book, dest: Path) -> None:
    """Write `dest`. The same book gives the same bytes. OutputError if the file cannot be written."""
    from reportlab.pdfgen.canvas import Canvas

    from mangaclean.export.unseen import Unseen

    with placed(dest) as file, tempfile.TemporaryFile(dir=dest.parent) as spool:
        canvas = Canvas(file, pageCompression=0, invariant=1)
        describe(canvas, book)
        unseen = Unseen(canvas) if book.settings.searchable else None
        size = BLANK
        chapter = None
        for number, leaf in enumerate(leaves(book), 1):
            found = picture(leaf)
            if found is not None:
                size = found.points
                canvas.setPageSize(size)
                _place(canvas, found, f"page{number}", file, spool)
                if unseen:
                    unseen.page(leaf.page, (found.width, found.height), size)
            else:
                log.warning("%s cannot be read: its page in %s is empty", leaf.name, dest.name)
                canvas.setPageSize(size)
                canvas.drawString(
                    36, size[1] / 2, f"{leaf.name} cannot be read".encode("latin-1", "replace").decode("latin-1")
                )
            if leaf.page.chapter and leaf.page.chapter != chapter:
                chapter = leaf.page.chapter
                canvas.bookmarkPage(f"chapter{number}")
                canvas.addOutlineEntry(chapter, f"chapter{number}")
                canvas.showOutline()
            canvas.showPage()
        if unseen:
            unseen.finish()
        canvas.save()


def describe(canvas: Any, book: Book) -> None:
    """What a reader shows of a book, and which way its pages turn."""
    from reportlab.pdfbase.pdfdoc import PDFString

    settings = book.settings
    canvas.setTitle(settings.title or book.title)
    canvas.setCreator("mangaclean")
    if settings.author:
        canvas.setAuthor(settings.author)
    if subject := " ".join(word for word in (settings.series, settings.number) if word):
        canvas.setSubject(subject)
    credits = (("Translation: ", settings.translator), ("", settings.group))
    if words := [label + name for label, name in credits if name]:
        canvas.setKeywords(", ".join(words))
    if book.language:
        canvas._doc.Catalog.Lang = PDFString(book.language)
    canvas.setViewerPreference("DisplayDocTitle", "true")
    if book.direction == "rtl":
        canvas.setViewerPreference("Direction", "R2L")


def _place(canvas: Any, picture: Picture, name: str, file: BinaryIO, spool: IO[bytes]) -> None:
    """Draw over the whole page, past `drawImage`, which would decode every picture and make 8 bits of 1."""
    from reportlab.pdfbase import pdfdoc

    document = canvas._doc
    space = pdfdoc.PDFName({1: "DeviceGray", 3: "DeviceRGB"}[picture.channels])
    if picture.icc:
        # Pages of one chapter mostly share one profile
        key = f"icc{hashlib.sha256(picture.icc).hexdigest()[:16]}"
        if key not in document.idToObject:
            profile = pdfdoc.PDFStream(content=zlib.compress(picture.icc))
            profile.dictionary["N"] = picture.channels
            profile.dictionary["Filter"] = pdfdoc.PDFName("FlateDecode")
            document.Reference(profile, key)
        space = pdfdoc.PDFArray([pdfdoc.PDFName("ICCBased"), pdfdoc.PDFObjectReference(key)])
    if picture.palette:
        table = pdfdoc.PDFStream(content=picture.palette, filters=[])
        space = pdfdoc.PDFArray(
            [
                pdfdoc.PDFName("Indexed"),
                space,
                len(picture.palette) // 3 - 1,
                document.Reference(table, f"table.{name}"),
            ]
        )
    image = _spooled(picture.data, file, spool)
    entries: dict[str, Any] = {
        "Type": pdfdoc.PDFName("XObject"),
        "Subtype": pdfdoc.PDFName("Image"),
        "Width": picture.width,
        "Height": picture.height,
        "BitsPerComponent": picture.bits,
        "ColorSpace": space,
        "Filter": pdfdoc.PDFName(picture.filter),
    }
    if picture.predictor:
        entries["DecodeParms"] = pdfdoc.PDFDictionary(
            {
                "Predictor": 15,
                "Colors": 1 if picture.palette else picture.channels,
                "BitsPerComponent": picture.bits,
                "Columns": picture.width,
            }
        )
    for key, value in entries.items():
        image.dictionary[key] = value
    canvas._setXObjects(image)
    document.addForm(name, image)
    width, height = picture.points
    canvas.saveState()
    canvas.scale(width, height)
    canvas._code.append(f"/{document.getXObjectName(name)} Do")
    canvas.restoreState()
    canvas._formsinuse.append(name)


def _spooled(data: bytes, file: BinaryIO, spool: IO[bytes]) -> Any:
    """A stream that waits in `spool`, and on saving goes into `file` with all that was formatted before it.

    reportlab collects a whole file in memory, twice; so a book of any size needs the memory of one page.
    """
    from reportlab.pdfbase import pdfdoc

    start = spool.seek(0, io.SEEK_END)
    spool.write(data)
    length = len(data)

    class Spooled(pdfdoc.PDFStream):  # type: ignore[misc]
        def format(self, document: Any) -> bytes:
            collected = document.__accum__
            file.writelines(collected.strings)
            collected.strings.clear()
            collected.write = file.write
            spool.seek(start)
            self.content = spool.read(length)
            formatted: bytes = super().format(document)
            self.content = b""
            return formatted

    return Spooled()
