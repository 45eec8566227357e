"""DOCX, for translators who work in a word processor: a table for each page; needs python-docx."""

import io
import re
import zipfile
from typing import Any

from mangaclean.errors import InputError, MissingError
from mangaclean.interchange import Entry, Volume, in_order
from mangaclean.interchange.xmltext import escaped, unescaped
from mangaclean.textmodels import PageModel, TextFile

MOST = 200_000_000  # bytes that a document may unpack to
COLUMNS = ("#", "text", "translation", "id")
WIDTHS = (1.0, 6.5, 8.0, 2.0)  # cm


def write(text: TextFile, volume: Volume) -> bytes:
    """A heading for each page and its regions in a table. MissingError without python-docx."""
    docx = _docx()
    document = docx.Document()
    document.core_properties.title = escaped(f"{volume.title} {volume.volume}")[:255]
    for page in text.pages:
        document.add_heading(escaped(page.page), 2)
        _table(docx, document, page)
    file = io.BytesIO()
    document.save(file)
    return file.getvalue()


def _table(docx: Any, document: Any, page: PageModel) -> None:
    rows = [COLUMNS]
    rows += [(str(n), r.text, r.translation, r.id) for n, r in enumerate(in_order(page), 1)]
    table = document.add_table(len(rows), len(COLUMNS), style="Table Grid")
    for row, values in zip(table.rows, rows, strict=True):
        for cell, value, width in zip(row.cells, values, WIDTHS, strict=True):
            cell.width = docx.shared.Cm(width)
            cell.text = escaped(value)
    for cell in table.rows[0].cells:
        cell.paragraphs[0].runs[0].bold = True


def read(data: bytes, where: str) -> list[Entry]:
    """All tables that have a column `translation`; the page is the last line of text before a table."""
    docx = _docx()
    try:
        _bounded(data)
        parts = list(docx.Document(io.BytesIO(data)).iter_inner_content())
        made: list[Entry] = []
        page, tables = "", 0
        for part in parts:
            if hasattr(part, "rows"):
                found = _entries([[unescaped(cell.text) for cell in row.cells] for row in part.rows], page)
                tables += found is not None
                made += found or []
            elif part.text.strip():
                page = unescaped(part.text)
    except Exception as error:  # whatever a damaged file makes of the library
        raise InputError(f"{where}: cannot be read as DOCX ({error}); save it as .docx") from error
    if parts and not tables:
        raise InputError(f"{where}: no table in it has a column `translation`; use the file that `text export` made")
    return made


def _entries(table: list[list[str]], page: str) -> list[Entry] | None:
    """The rows of a table; None if it is none of ours."""
    names = [name.strip().casefold() for name in table[0]] if table else []
    if "translation" not in names:
        return None
    made = []
    for count, row in enumerate(table[1:], 1):
        cells = dict(zip(names, row, strict=False))
        number = cells.get("#", "").strip()
        turn = int(number) if re.fullmatch("[0-9]{1,6}", number) else count
        made.append(Entry(page, turn, cells["translation"], cells.get("id", "").strip()))
    return made


def _bounded(data: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if sum(member.file_size for member in archive.infolist()) > MOST:
            raise ValueError(f"it unpacks to more than {MOST // 1_000_000} MB")


def _docx() -> Any:
    try:
        import docx
        import docx.shared
    except ImportError as error:
        raise MissingError(
            "DOCX needs the package 'python-docx'; pip install 'mangaclean[docx]', or use --format csv"
        ) from error
    return docx
