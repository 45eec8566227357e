"""Text in the formats of translators' tools: what a file says of a region, and the formats by name."""

import importlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import NamedTuple, Protocol, cast

from mangaclean.errors import UsageError, did_you_mean
from mangaclean.textmodels import PageModel, RegionModel, TextFile
from mangaclean.types import Box


class Form(NamedTuple):
    """Where a format lives, and the suffix of its files."""

    module: str
    suffix: str


FORMATS = {
    "labelplus": Form("mangaclean.interchange.labelplus", ".txt"),
    "mokuro": Form("mangaclean.interchange.mokuro", ".mokuro"),
    "csv": Form("mangaclean.interchange.csvfile", ".csv"),
    "script": Form("mangaclean.interchange.script", ".txt"),
    "xlsx": Form("mangaclean.interchange.xlsx", ".xlsx"),
    "docx": Form("mangaclean.interchange.docx", ".docx"),
    "bt": Form("mangaclean.interchange.ballons", ".json"),
    "json": Form("mangaclean.interchange.textjson", ".json"),
}


@dataclass(frozen=True, slots=True)
class Entry:
    """What a file says of one region.

    `number` counts from 1 in reading order; `box` is in pixels of a page of `size` (None: of our page), `point` in
    shares of the page's width and height. A `plain` text cannot carry blank lines and spaces at lines' ends faithfully,
    and holds the source text where nothing is translated yet.
    """

    page: str
    number: int
    translation: str
    id: str = ""
    box: Box | None = None
    point: tuple[float, float] | None = None
    size: tuple[int, int] | None = None
    plain: bool = False


@dataclass(frozen=True, slots=True)
class Volume:
    """What the chapter is called, for formats that say it: the work, and the volume or chapter of it."""

    title: str
    volume: str


class Format(Protocol):
    """A module of this package: text.json's model to the bytes of a file, and the bytes of a file to entries."""

    def write(self, text: TextFile, volume: Volume) -> bytes: ...
    def read(self, data: bytes, where: str) -> list[Entry]: ...


def load(name: str) -> Format:
    """The format of that name. UsageError if there is none."""
    if name not in FORMATS:
        raise UsageError(f"unknown format: {did_you_mean(name, FORMATS)}")
    return cast(Format, importlib.import_module(FORMATS[name].module))


def by_suffix(name: str) -> str:
    """The format that a file to be written should have by its name. UsageError where that is not clear."""
    suffix = PurePath(name).suffix.lower()
    found = [known for known, form in FORMATS.items() if form.suffix == suffix]
    if len(found) != 1:
        raise UsageError(f"{name}: which format? Say --format {' or --format '.join(found or FORMATS)}")
    return found[0]


def guess(name: str, data: bytes) -> str:
    """The format of a file, by its content, or by its name. UsageError if neither tells."""
    if data[:2] == b"PK":
        return "docx" if b"word/document.xml" in data else "xlsx"
    suffix = PurePath(name).suffix.lower()
    if suffix in (".csv", ".tsv", ".mokuro"):
        return "mokuro" if suffix == ".mokuro" else "csv"
    text = data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig", errors="replace")
    if text.lstrip()[:1] == "{":
        return _json(text)
    if re.search(r"^\s*>>>>>>>>\[.+\]<<<<<<<<", text, re.MULTILINE):
        return "labelplus"
    if re.search(r"^###\s", text, re.MULTILINE):
        return "script"
    if re.search(r"\btranslation\b", text.partition("\n")[0], re.IGNORECASE):
        return "csv"
    raise UsageError(f"{name}: neither its name nor its content tells the format; say it: --format {'|'.join(FORMATS)}")


def _json(text: str) -> str:
    try:
        raw = json.loads(text)
    except (ValueError, RecursionError):
        return "json"  # whose reader says what is wrong with it, and where
    pages = raw.get("pages")
    if isinstance(pages, dict):
        return "bt"
    first = pages[0] if isinstance(pages, list) and pages else None
    return "mokuro" if "volume" in raw or (isinstance(first, dict) and "blocks" in first) else "json"


def in_order(page: PageModel) -> list[RegionModel]:
    """The regions of a page as they are read; one that a person added without `order` follows the one before it."""
    ranked: list[tuple[int, RegionModel]] = []
    last = 0
    for region in page.regions:
        last = region.order or last
        ranked.append((last, region))
    return [region for _, region in sorted(ranked, key=lambda pair: pair[0])]


def shown(region: RegionModel) -> str:
    """What a plain text says of a region: the translation, or the source text as long as there is none."""
    return region.translation if region.translation.strip() else region.text


def corners(region: RegionModel) -> list[list[int]]:
    """The corners of a region's box, clockwise from the upper left."""
    left, top, right, bottom = region.box
    return [[left, top], [right, top], [right, bottom], [left, bottom]]


def quads(region: RegionModel) -> list[list[list[int]]]:
    """The polygons of a region's lines; that of its box if it has none."""
    return [[[x, y] for x, y in line.polygon] for line in region.lines] or [corners(region)]


def to_box(values: Sequence[object]) -> Box | None:
    """A box of four numbers; None where they are none."""
    try:
        left, top, right, bottom = (round(float(str(value))) for value in values)
    except (ValueError, OverflowError):
        return None
    return Box(left, top, right, bottom) if left < right and top < bottom else None
