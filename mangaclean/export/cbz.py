"""CBZ: the source's member names, order and extra members, with cleaned pages in place of the originals."""

import logging
import re
import zipfile
from pathlib import Path, PurePosixPath

from mangaclean.export import Book, Leaf, leaves, placed

log = logging.getLogger(__name__)

SAME = {".jpeg": ".jpg", ".jpe": ".jpg", ".jfif": ".jpg", ".tiff": ".tif"}


def write(book: Book, dest: Path) -> None:
    """Write `dest`. The same book gives the same bytes. OutputError if the file cannot be written."""
    used: set[str] = set()
    with placed(dest) as file, zipfile.ZipFile(file, "w") as archive:
        for leaf in leaves(book):
            _add(archive, _page_name(leaf, used), leaf.data, used)
        for name, data in book.extras:
            if not _safe(name):
                log.warning("%s: not put into %s, its name leads out of the book", name, dest.name)
            elif name.casefold() in used:
                log.warning("%s: not put into %s, which has a page of that name", name, dest.name)
            else:
                _add(archive, name, data, used)


def _page_name(leaf: Leaf, used: set[str]) -> str:
    """The page's own name; with another ending where its format changed, with another stem where that is taken."""
    name = PurePosixPath(leaf.name if _safe(leaf.name) else leaf.name.replace("\\", "/").rpartition("/")[2])
    if _kind(name.suffix) != _kind(leaf.suffix):
        name = name.with_suffix(leaf.suffix)
    if str(name).casefold() in used:
        name = name.with_name(leaf.stem + leaf.suffix)
    number, free = 1, name
    while str(free).casefold() in used:
        number += 1
        free = name.with_stem(f"{name.stem}-{number}")
    return str(free)


def _kind(suffix: str) -> str:
    return SAME.get(suffix.lower(), suffix.lower())


def _safe(name: str) -> bool:
    steps = name.replace("\\", "/").split("/")
    return bool(name) and ".." not in steps and "" not in steps and not re.match(r"[A-Za-z]:", name)


def _add(archive: zipfile.ZipFile, name: str, data: bytes, used: set[str]) -> None:
    used.add(name.casefold())
    member = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))  # no time of making: the same book, the same bytes
    member.create_system = 3  # else it tells Windows from Unix
    member.external_attr = 0o644 << 16
    archive.writestr(member, data, zipfile.ZIP_STORED)
