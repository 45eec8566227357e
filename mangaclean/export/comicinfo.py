"""ComicInfo.xml: what the source said of the comic, brought up to date."""

import logging
import re
from collections.abc import Sequence
from xml.etree import ElementTree

from mangaclean.export import Book

log = logging.getLogger(__name__)

NAME = "ComicInfo.xml"
# The schema (ComicInfo 2.1, by the Anansi project) is a sequence: readers that check it want this order
ORDER = """
Title Series Number Count Volume AlternateSeries AlternateNumber AlternateCount Summary Notes Year Month Day Writer
Penciller Inker Colorist Letterer CoverArtist Editor Translator Publisher Imprint Genre Tags Web PageCount LanguageISO
Format BlackAndWhite Manga Characters Teams Locations ScanInformation StoryArc StoryArcNumber SeriesGroup AgeRating
Pages CommunityRating MainCharacterOrTeam Review GTIN
"""
RANK = {name: i for i, name in enumerate(re.findall("[A-Za-z]+", ORDER))}


def make(book: Book, chapters: Sequence[str]) -> bytes:
    """The file for a book; `chapters` names the chapter of each page that is in it, or holds empty words.

    What the source's own file says stays, but for what the settings name, the page count, the language and, in books
    read from the right, `Manga`.
    """
    root = _given(book)
    settings = book.settings
    _put(root, "Title", settings.title, book.title)
    for name, value in (
        ("Series", settings.series),
        ("Number", settings.number),
        ("Writer", settings.author),
        ("Translator", settings.translator),
        ("ScanInformation", settings.group),
        ("PageCount", str(len(chapters))),
        ("LanguageISO", book.language),
    ):
        _put(root, name, value)
    right_to_left = book.direction == "rtl"
    _put(root, "Manga", "YesAndRightToLeft" if right_to_left else "", "No")
    _pages(root, chapters)
    root[:] = sorted(root, key=lambda element: RANK.get(element.tag, len(RANK)))
    ElementTree.indent(root)
    text: bytes = ElementTree.tostring(root, "utf-8", xml_declaration=True)
    return text + b"\n"


def _given(book: Book) -> ElementTree.Element:
    """What the source has, else an empty one."""
    data = next((data for name, data in book.extras if name.casefold() == NAME.casefold()), b"")
    if not data:
        return ElementTree.Element("ComicInfo")
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data:  # entities can grow without bound
        log.warning("%s declares a document type; the book gets a new one", NAME)
        return ElementTree.Element("ComicInfo")
    try:
        root = ElementTree.fromstring(data)
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        log.warning("%s cannot be read (%s); the book gets a new one", NAME, error)
        return ElementTree.Element("ComicInfo")
    if root.tag == "ComicInfo":
        return root
    log.warning("%s: its root is <%s>; the book gets a new one", NAME, root.tag)
    return ElementTree.Element("ComicInfo")


def _put(root: ElementTree.Element, name: str, value: str, otherwise: str = "") -> None:
    """Set an element to `value`; where that is empty and it says nothing yet, to `otherwise`."""
    element = root.find(name)
    if not value and element is not None and (element.text or "").strip():
        return
    value = "".join(char if char.isprintable() else " " for char in value or otherwise)
    if value:
        element = ElementTree.SubElement(root, name) if element is None else element
        element.text = value


def _pages(root: ElementTree.Element, chapters: Sequence[str]) -> None:
    """The list of pages stays if it has as many as the book; sizes of files are left out, as they have changed."""
    given = root.find("Pages")
    if given is not None:
        if len(given) == len(chapters):
            for page in given:
                page.attrib.pop("ImageSize", None)
        else:
            root.remove(given)
            given = None
    starts = [i for i, name in enumerate(chapters) if name and (i == 0 or chapters[i - 1] != name)]
    if given is None and starts:
        given = ElementTree.SubElement(root, "Pages")
        for number in range(len(chapters)):
            bookmark = {"Bookmark": chapters[number]} if number in starts else {}
            ElementTree.SubElement(given, "Page", {"Image": str(number), **bookmark})
