"""XLSX, for translators who work in a spreadsheet; needs openpyxl."""

import io
import zipfile
from typing import Any

from mangaclean.errors import InputError, MissingError, OutputError
from mangaclean.interchange import Entry, Volume
from mangaclean.interchange.tables import COLUMNS, Cell, entries, rows
from mangaclean.interchange.xmltext import escaped, unescaped
from mangaclean.textmodels import TextFile

MOST = 200_000_000  # bytes that a sheet may unpack to
LONGEST = 32_767  # letters in a cell
WIDTHS = {"text": 40, "translation": 60, "filename": 16, "id": 14}


def write(text: TextFile, volume: Volume) -> bytes:
    """One sheet, `text`; every word in it is text and never a formula. MissingError without openpyxl."""
    openpyxl = _openpyxl()
    from openpyxl.styles import Alignment, Font

    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "text"
    for number, row in enumerate(rows(text), 1):
        for column, value in enumerate(row, 1):
            cell = sheet.cell(number, column)
            _put(cell, value)
            cell.alignment = Alignment(wrap_text=True, vertical="top")
            if number == 1:
                cell.font = Font(bold=True)
    sheet.freeze_panes = "A2"
    for column, name in enumerate(COLUMNS, 1):
        sheet.column_dimensions[openpyxl.utils.get_column_letter(column)].width = WIDTHS.get(name, 8)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def _put(cell: Any, value: Cell) -> None:
    if isinstance(value, str):
        words = escaped(value)
        if len(words) > LONGEST:  # openpyxl would cut it off without a word
            raise OutputError(
                f"a text of {len(value)} letters ({value[:20]!r} …) is too long for XLSX; use --format csv"
            )
        cell.value = words
        cell.data_type = "s"
        cell.quotePrefix = True  # else what is typed over `=…` would become a formula
    else:
        cell.value = value


def read(data: bytes, where: str) -> list[Entry]:
    """The first sheet that names a column `translation`."""
    openpyxl = _openpyxl()
    try:
        _bounded(data)
        book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        tables = [[[_text(cell) for cell in row] for row in sheet.values] for sheet in book.worksheets]
    except Exception as error:  # whatever a damaged file makes of the library
        raise InputError(f"{where}: cannot be read as XLSX ({error}); save it as .xlsx") from error
    fitting = (table for table in tables if table and "translation" in (cell.strip().casefold() for cell in table[0]))
    return entries(next(fitting, tables[0] if tables else []), where)


def _bounded(data: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if sum(member.file_size for member in archive.infolist()) > MOST:
            raise ValueError(f"it unpacks to more than {MOST // 1_000_000} MB")


def _text(value: object) -> str:
    """What a cell says: numbers as a person typed them."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return unescaped(str(value))


def _openpyxl() -> Any:
    try:
        import openpyxl
        import openpyxl.utils
    except ImportError as error:
        raise MissingError(
            "XLSX needs the package 'openpyxl'; pip install 'mangaclean[xlsx]', or use --format csv"
        ) from error
    return openpyxl
