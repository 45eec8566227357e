"""CSV that spreadsheets open as it is meant, and run nothing of."""

import csv
import io

from mangaclean.errors import InputError
from mangaclean.interchange import Entry, Volume
from mangaclean.interchange.decoding import to_text
from mangaclean.interchange.tables import entries, rows, tame, untame
from mangaclean.textmodels import TextFile


def write(text: TextFile, volume: Volume) -> bytes:
    """UTF-8 with a byte order mark, without which Excel takes it for another encoding."""
    file = io.StringIO(newline="")
    for row in rows(text):
        csv.writer(file).writerow([tame(cell) if isinstance(cell, str) else cell for cell in row])
    return file.getvalue().encode("utf-8-sig", errors="replace")


def read(data: bytes, where: str) -> list[Entry]:
    """Separated by commas, semicolons or tabs, as the spreadsheet that saved it does."""
    text = to_text(data, where)
    head = text.partition("\n")[0]
    delimiter = max(",;\t", key=head.count)
    try:
        csv.field_size_limit(max(csv.field_size_limit(), len(text)))
        table = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True) if row]
    except csv.Error as error:
        raise InputError(f"{where}: not CSV ({error}); save it as CSV in UTF-8") from error
    return entries([[untame(cell) for cell in row] for row in table], where)
