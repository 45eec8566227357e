"""EPUB 3 with fixed layout: a picture for each page, turned as the comic is read; strips cut into screens."""

import hashlib
import io
import logging
import uuid
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from mangaclean import markup
from mangaclean.export import Book, Leaf, leaves, placed
from mangaclean.export.cbz import store
from mangaclean.export.strips import cuts
from mangaclean.types import Region

log = logging.getLogger(__name__)

MEDIA = {"JPEG": ("jpg", "image/jpeg"), "PNG": ("png", "image/png"), "GIF": ("gif", "image/gif")}
WIDE = 1.2  # times as wide as high: a double page, which stands alone
# A book has to say when it was changed; the day is fixed so that the same pages give the same bytes
MODIFIED = "2000-01-01T00:00:00Z"
CONTAINER = """<?xml version="1.0" encoding="UTF-8"?>
<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container">
  <rootfiles><rootfile full-path="book/book.opf" media-type="application/oebps-package+xml"/></rootfiles>
</container>
"""
STYLE = "html, body { margin: 0; padding: 0 }\nimg { display: block; width: 100%; height: 100% }\n"
PAGE = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE html>
<html xmlns="http://www.w3.org/1999/xhtml"{language}>
<head><title>{title}</title><meta name="viewport" content="width={width}, height={height}"/>
<link rel="stylesheet" type="text/css" href="style.css"/></head>
<body><img src="{image}" alt="{alt}"/></body>
</html>
"""
NAV = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE html>
<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops"{language}>
<head><title>{title}</title></head>
<body>
<nav epub:type="toc"><h1>{title}</h1><ol>
{toc}
</ol></nav>
<nav epub:type="page-list" hidden="hidden"><ol>
{pages}
</ol></nav>
</body>
</html>
"""


@dataclass(frozen=True, slots=True)
class Screen:
    """A page of the book: its number, the file of its picture without suffix and that suffix, its size in px."""

    number: int
    suffix: str
    media: str
    width: int
    height: int
    chapter: str

    @property
    def id(self) -> str:
        return f"p{self.number:04}"


def write(book: Book, dest: Path) -> None:
    """Write `dest`. The same book gives the same bytes. OutputError if the file cannot be written."""
    screens: list[Screen] = []
    digest = hashlib.sha256()
    with placed(dest) as file, zipfile.ZipFile(file, "w") as archive:
        store(archive, "mimetype", b"application/epub+zip")
        store(archive, "META-INF/container.xml", CONTAINER.encode(), compressed=True)
        store(archive, "book/style.css", STYLE.encode(), compressed=True)
        for leaf in leaves(book):
            for screen, data, texts in _screens(leaf, len(screens) + 1, dest.name):
                digest.update(data)
                store(archive, f"book/{screen.id}.{screen.suffix}", data)
                store(archive, f"book/{screen.id}.xhtml", _page(screen, texts, book).encode(), compressed=True)
                screens.append(screen)
        store(archive, "book/nav.xhtml", _nav(screens, book).encode(), compressed=True)
        identity = uuid.UUID(bytes=digest.digest()[:16], version=4)
        store(archive, "book/book.opf", _package(screens, book, identity).encode(), compressed=True)


def _screens(leaf: Leaf, number: int, book: str) -> Iterator[tuple[Screen, bytes, list[str]]]:
    """The screens of a page with the bytes of their pictures and the texts in them."""
    import numpy as np
    from PIL import Image

    try:
        with Image.open(io.BytesIO(leaf.data)) as image:
            width, height = image.size
            parts = [(0, height)]
            if height > 3 * width:
                parts = cuts(np.asarray(image.convert("RGB")))
            upright = image.getexif().get(0x0112, 1) == 1
            known = MEDIA.get(image.format or "")
            if known and upright and len(parts) == 1 and (image.format != "JPEG" or image.mode in ("L", "RGB")):
                screen = Screen(number, *known, width, height, leaf.page.chapter)
                yield screen, leaf.data, _texts(leaf, 0, height)
                return
            for i, (top, bottom) in enumerate(parts):
                picture, kind = _part(image, top, bottom, leaf.suffix)
                screen = Screen(number + i, *MEDIA[kind], *picture[1], leaf.page.chapter)
                yield screen, picture[0], _texts(leaf, top, bottom)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        log.warning("%s cannot be read (%s); %s goes without this page", leaf.name, error, book)


def _part(image: Any, top: int, bottom: int, suffix: str) -> tuple[tuple[bytes, tuple[int, int]], str]:
    """A part of a picture in a format that every reader knows: JPEG for what was lossy, PNG for all else."""
    from PIL import ImageOps

    picture = image.crop((0, top, image.width, bottom)) if (top, bottom) != (0, image.height) else image
    picture = ImageOps.exif_transpose(picture)
    lossy = suffix in (".jpg", ".jpeg", ".webp", ".avif")
    if picture.mode not in ("1", "L", "P", "RGB", "LA", "RGBA") or (lossy and picture.mode not in ("L", "RGB")):
        picture = picture.convert("L" if picture.mode.startswith("I") else "RGB")
    kind = "JPEG" if lossy else "PNG"
    options: dict[str, Any] = {"quality": 92, "subsampling": 0} if lossy else {"compress_level": 6}
    if icc := image.info.get("icc_profile"):
        options["icc_profile"] = icc
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return (out.getvalue(), picture.size), kind


def _texts(leaf: Leaf, top: int, bottom: int) -> list[str]:
    """What can be read between two rows of a page, for those who cannot see it."""

    def here(region: Region) -> bool:
        return top <= (region.box.top + region.box.bottom) / 2 < bottom

    texts = [
        markup.parse(region.translation).text if leaf.page.typeset and region.translation.strip() else region.text
        for region in leaf.page.regions
        if here(region)
    ]
    return [" ".join(text.split()) for text in texts if text.strip()]


def _page(screen: Screen, texts: list[str], book: Book) -> str:
    alt = "\n".join(_clean(text) for text in texts) or f"Page {screen.number}"
    return PAGE.format(
        language=_language(book),
        title=_clean(f"{book.settings.title or book.title}, {screen.number}"),
        width=screen.width,
        height=screen.height,
        image=f"{screen.id}.{screen.suffix}",
        alt=alt,
    )


def _nav(screens: list[Screen], book: Book) -> str:
    title = _clean(book.settings.title or book.title)
    starts = [s for i, s in enumerate(screens) if i == 0 or (s.chapter and s.chapter != screens[i - 1].chapter)]
    toc = [f'<li><a href="{s.id}.xhtml">{_clean(s.chapter) or title}</a></li>' for s in starts]
    pages = [f'<li><a href="{s.id}.xhtml">{s.number}</a></li>' for s in screens]
    return NAV.format(language=_language(book), title=title, toc="\n".join(toc), pages="\n".join(pages))


def _package(screens: list[Screen], book: Book, identity: uuid.UUID) -> str:
    settings = book.settings
    rtl = book.direction == "rtl"
    about = [
        f'<dc:identifier id="id">urn:uuid:{identity}</dc:identifier>',
        f"<dc:title>{_clean(settings.title or book.title)}</dc:title>",
        f"<dc:language>{_clean(book.language or 'und')}</dc:language>",
    ]
    for name, role in ((settings.author, "aut"), (settings.translator, "trl"), (settings.group, "pbl")):
        if name:
            tag = {"aut": "creator", "trl": "contributor", "pbl": "publisher"}[role]
            about.append(f'<dc:{tag} id="{role}">{_clean(name)}</dc:{tag}>')
            if role != "pbl":
                about.append(f'<meta refines="#{role}" property="role" scheme="marc:relators">{role}</meta>')
    if settings.series:
        about.append(f'<meta property="belongs-to-collection" id="series">{_clean(settings.series)}</meta>')
        about.append('<meta refines="#series" property="collection-type">series</meta>')
        if settings.number:
            about.append(f'<meta refines="#series" property="group-position">{_clean(settings.number)}</meta>')
    about += [
        f'<meta property="dcterms:modified">{MODIFIED}</meta>',
        '<meta property="rendition:layout">pre-paginated</meta>',
        '<meta property="rendition:orientation">auto</meta>',
        f'<meta property="rendition:spread">{"none" if book.direction == "ttb" else "landscape"}</meta>',
        '<meta property="schema:accessMode">visual</meta>',
        '<meta property="schema:accessibilityFeature">alternativeText</meta>',
        '<meta property="schema:accessibilityHazard">none</meta>',
    ]
    items = [
        '<item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>',
        '<item id="style" href="style.css" media-type="text/css"/>',
    ]
    for i, screen in enumerate(screens):
        cover = ' properties="cover-image"' if i == 0 else ""
        items.append(f'<item id="{screen.id}" href="{screen.id}.xhtml" media-type="application/xhtml+xml"/>')
        items.append(f'<item id="{screen.id}i" href="{screen.id}.{screen.suffix}" media-type="{screen.media}"{cover}/>')
    spine = [
        f'<itemref idref="{screen.id}"'
        + (' properties="rendition:page-spread-center"' if i == 0 or screen.width > WIDE * screen.height else "")
        + "/>"
        for i, screen in enumerate(screens)
    ]
    return "\n".join(
        [
            '<?xml version="1.0" encoding="UTF-8"?>',
            '<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="id"'
            ' prefix="rendition: http://www.idpf.org/vocab/rendition/# schema: http://schema.org/">',
            '<metadata xmlns:dc="http://purl.org/dc/elements/1.1/">',
            *about,
            "</metadata>",
            "<manifest>",
            *items,
            "</manifest>",
            f'<spine page-progression-direction="{"rtl" if rtl else "ltr"}">',
            *spine,
            "</spine>",
            "</package>",
            "",
        ]
    )


def _language(book: Book) -> str:
    return f' lang="{_clean(book.language)}" xml:lang="{_clean(book.language)}"' if book.language else ""


def _clean(text: str) -> str:
    """Text that XML can hold."""
    return escape("".join(char if char.isprintable() else " " for char in text))
