"""PDF: one page for each picture, in its physical size, with an outline and an invisible layer of text."""

import logging
import tempfile
from pathlib import Path
from typing import Any

from mangaclean.export import Book, leaves, placed
from mangaclean.export.pictures import picture, place

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
                place(canvas, found, f"page{number}", (0, 0, *size), file, spool)
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
