"""The table of regions that CSV and XLSX hold: PanelCleaner's columns first, then what this program adds."""

import re
from collections.abc import Iterator, Sequence

from mangaclean.errors import InputError
from mangaclean.interchange import Entry, in_order, to_box
from mangaclean.textmodels import TextFile

Cell = str | int | float
COLUMNS = ("filename", "startx", "starty", "endx", "endy", "text", "translation", "id", "order", "kind", "action")

# What a spreadsheet takes for a formula, after any apostrophes that stand there already
_FORMULA = re.compile(r"'*\s*[=+\-@|%＝＋－＠]|'* *[\t\r\n]")


def rows(text: TextFile) -> Iterator[tuple[Cell, ...]]:
    """The header, then a row for each region, page by page in reading order."""
    yield COLUMNS
    for page in text.pages:
        for number, region in enumerate(in_order(page), 1):
            words = region.text, region.translation, region.id
            yield (page.page, *region.box, *words, number, region.kind, region.action)


def entries(table: Sequence[Sequence[str]], where: str) -> list[Entry]:
    """The rows of a table whose first row names its columns, in any order and with others among them."""
    names = [name.strip().casefold() for name in table[0]] if table else []
    if "translation" not in names or not {"filename", "id"} & set(names):
        raise InputError(
            f"{where}: its first row has to name the columns, `translation` and `filename` among them; "
            f"it has: {', '.join(names) or 'nothing'}"
        )
    made: list[Entry] = []
    counts: dict[str, int] = {}
    for row in table[1:]:
        # Of two columns with one name, the first counts
        cells = dict(zip(reversed(names[: len(row)]), reversed(row[: len(names)]), strict=True))
        page = cells.get("filename", "")
        counts[page] = counts.get(page, 0) + 1
        order = cells.get("order", "").strip()
        number = int(order) if re.fullmatch("[0-9]{1,6}", order) else counts[page]
        box = to_box([cells.get(name, "") for name in COLUMNS[1:5]])
        made.append(Entry(page, number, cells.get("translation", ""), cells.get("id", ""), box))
    return made


def tame(text: str) -> str:
    """`text` with an apostrophe before it if a spreadsheet would run it as a formula."""
    return "'" + text if _FORMULA.match(text) else text


def untame(text: str) -> str:
    """Undoes `tame`."""
    return text[1:] if text[:1] == "'" and _FORMULA.match(text) else text
