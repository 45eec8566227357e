"""LabelPlus .txt: labels at points of a page, in the groups 框内 (in a balloon) and 框外 (outside).

What is written holds to the rules of both programs that read it, LabelPlus and LabelPlusFX: nothing in the head may
hold a hyphen but its separators, and no line of a text may begin like a page or a label.
"""

import re

from mangaclean.errors import InputError
from mangaclean.interchange import Entry, Volume, in_order, shown
from mangaclean.interchange.decoding import to_text
from mangaclean.interchange.plaintext import guard, unguard
from mangaclean.textmodels import PageModel, RegionModel, TextFile

HEAD = "1,0\n-\n框内\n框外\n-\nmangaclean\n\n"
_GROUPS = {"speech": 1, "thought": 1}
_MARK = r">>>>>>>>\[|----------------\["
_PAGE = re.compile(r"\s*>>>>>>>>\[(.+)\]<<<<<<<<")
_LABEL = re.compile(r"\s*----------------\[.+?\]----------------(.*)")


def write(text: TextFile, volume: Volume) -> bytes:
    """UTF-8 with a byte order mark, LF; a label stands at the middle of its region."""
    parts = [HEAD]
    for page in text.pages:
        parts.append(f"\n>>>>>>>>[{page.page}]<<<<<<<<\n")
        for number, region in enumerate(in_order(page), 1):
            x, y = point(page, region)
            group = _GROUPS.get(region.kind, 2)
            label = f"----------------[{number}]----------------[{x:.4f},{y:.4f},{group}]"
            parts.append(f"{label}\n{guard(shown(region), _MARK)}\n\n")
    return "".join(parts).encode("utf-8-sig", errors="replace")


def point(page: PageModel, region: RegionModel) -> tuple[float, float]:
    """The middle of a region in shares of the page, to four decimals, as the file has it."""
    left, top, right, bottom = region.box
    middle = (left + right) / 2 / max(page.width, 1), (top + bottom) / 2 / max(page.height, 1)
    x, y = (round(min(max(share, 0.0), 1.0), 4) for share in middle)
    return x, y


def read(data: bytes, where: str) -> list[Entry]:
    """Labels of any groups, with any comment; numbers count a page's labels, as both programs do."""
    entries: list[Entry] = []
    page, counts = "", dict[str, int]()
    place: tuple[float, float] | None = None
    lines: list[str] | None = None  # of the label that is being read

    def finish() -> None:
        if lines is not None:
            counts[page] = counts.get(page, 0) + 1
            entries.append(Entry(page, counts[page], unguard(lines, _MARK), point=place, plain=True))

    for line in to_text(data, where).split("\n"):
        if head := _PAGE.match(line):
            finish()
            page, lines = head[1], None
        elif page and (label := _LABEL.match(line)):
            finish()
            place, lines = _place(label[1]), []
        elif lines is not None:
            lines.append(line)
    finish()
    if not page:
        raise InputError(f"{where}: no page in it (>>>>>>>>[001.jpg]<<<<<<<<); is it a LabelPlus file?")
    return entries


def _place(text: str) -> tuple[float, float] | None:
    parts = text.strip().removeprefix("[").removesuffix("]").split(",")
    if len(parts) >= 4:  # some systems write 0,337 for 0.337
        parts = [f"{parts[0]}.{parts[1]}", f"{parts[2]}.{parts[3]}"]
    try:
        return float(parts[0]), float(parts[1])
    except (ValueError, IndexError):
        return None
