"""CBZ: the source's member names, order and extra members, with finished pages in place of the originals."""

import logging
import zipfile
from pathlib import Path

from mangaclean.export import Book, comicinfo, leaves, placed
from mangaclean.export.names import Names, is_safe

log = logging.getLogger(__name__)


def write(book: Book, dest: Path) -> None:
    """Write `dest`. The same book gives the same bytes. OutputError if the file cannot be written."""
    used = Names()
    with placed(dest) as file, zipfile.ZipFile(file, "w") as archive:
        chapters: list[str] = []
        for leaf in leaves(book):
            store(archive, used.page(leaf), leaf.data)
            chapters.append(leaf.page.chapter)
        for name, data in book.extras:
            if name.casefold() == comicinfo.NAME.casefold():
                continue
            if not is_safe(name):
                log.warning("%s: not put into %s, its name leads out of the book", name, dest.name)
            elif name in used:
                log.warning("%s: not put into %s, which has a page of that name", name, dest.name)
            else:
                used.add(name)
                store(archive, name, data)
        store(archive, comicinfo.NAME, comicinfo.make(book, chapters))


def store(archive: zipfile.ZipFile, name: str, data: bytes, *, compressed: bool = False) -> None:
    """Put a member into an archive, without the time of making and the system: the same book, the same bytes."""
    member = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
    member.create_system = 3
    member.external_attr = 0o644 << 16
    archive.writestr(member, data, zipfile.ZIP_DEFLATED if compressed else zipfile.ZIP_STORED)
