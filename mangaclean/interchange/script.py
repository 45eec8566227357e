"""A plain script: `### 001.jpg`, then the texts of that page as `1. …`, `2. …`, as BallonsTranslator reads it."""

import re

from mangaclean.errors import InputError
from mangaclean.interchange import Entry, Volume, in_order, shown
from mangaclean.interchange.decoding import to_text
from mangaclean.interchange.plaintext import guard, unguard
from mangaclean.textmodels import TextFile

_MARK = r"###\s|\d+\."
_PAGE = re.compile(r"###\s+(.*)")
_ITEM = re.compile(r"(\d{1,6})\. ?(.*)", re.DOTALL)


def write(text: TextFile, volume: Volume) -> bytes:
    """UTF-8 without a byte order mark, which BallonsTranslator would take for a part of the first line."""
    pages = []
    for page in text.pages:
        items = [f"{i}. {guard(shown(region), _MARK)}" for i, region in enumerate(in_order(page), 1)]
        pages.append("\n\n".join([f"### {page.page}", *items]))
    return ("\n\n\n".join(pages) + "\n").encode(errors="replace")


def read(data: bytes, where: str) -> list[Entry]:
    """One entry for each number; the lines up to the next number or page belong to it."""
    entries: list[Entry] = []
    page, number = "", 0
    lines: list[str] | None = None

    def finish() -> None:
        if lines is not None:
            entries.append(Entry(page, number, unguard(lines, _MARK), plain=True))

    for line in to_text(data, where).split("\n"):
        if head := _PAGE.match(line):
            finish()
            page, lines = head[1].strip(), None
        elif page and (item := _ITEM.match(line)):
            finish()
            number, lines = int(item[1]), [item[2]]
        elif lines is not None:
            lines.append(line)
    finish()
    if not page:
        raise InputError(f"{where}: no page in it (### 001.jpg); is it a script?")
    return entries
