"""What books say and hold besides pictures: ComicInfo.xml, searchable text, EPUB, proof sheets, sizes."""

import io
import logging
import zipfile
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pypdfium2
import pytest
from PIL import Image

from mangaclean import export
from mangaclean.config import ExportConfig
from mangaclean.export import Book, BookPage, cbz, comicinfo, epub, folder, joined, pdf, proof, unseen
from mangaclean.export.recoding import smaller
from mangaclean.export.strips import cuts
from mangaclean.types import Box, Line, Region

OPF = "{http://www.idpf.org/2007/opf}"
DC = "{http://purl.org/dc/elements/1.1/}"
HTML = "{http://www.w3.org/1999/xhtml}"


BOX = Box(20, 20, 80, 70)


def region(text: str = "", translation: str = "", box: Box = BOX, **kwargs: object) -> Region:
    corners = ((box.left, box.top), (box.right, box.top), (box.right, box.bottom), (box.left, box.bottom))
    values: dict[str, object] = {"vertical": False, "bubble": None, "lines": (), "order": 1} | kwargs
    return Region(  # type: ignore[arg-type]
        id=f"r{box.left}-{box.top}", panel=1, kind="speech", box=box, polygon=corners, angle=0.0, font_size=12.0,
        color="#000000", outline=None, action="fill", reason="", text=text, translation=translation, **values,
    )  # fmt: skip


def page(tmp_path: Path, name: str = "001.png", size: tuple[int, int] = (120, 180), **kwargs: object) -> BookPage:
    path = tmp_path / name
    Image.new("L", size, 230).save(path)
    return BookPage(name, path, path, **kwargs)  # type: ignore[arg-type]


def book(*pages: BookPage, **kwargs: object) -> Book:
    return Book("Ch & 1", pages, **kwargs)  # type: ignore[arg-type]


def said(path: Path, number: int = 0) -> str:
    with pypdfium2.PdfDocument(path) as document:
        return " ".join(document[number].get_textpage().get_text_range().split())


def members(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


# ComicInfo.xml


def info(made: Book, chapters: tuple[str, ...] = ("", "")) -> dict[str, str]:
    root = ElementTree.fromstring(comicinfo.make(made, chapters))
    assert [comicinfo.RANK[element.tag] for element in root] == sorted(comicinfo.RANK[e.tag] for e in root)
    return {element.tag: element.text or "" for element in root}


def test_comicinfo_of_a_source_without_one() -> None:
    settings = ExportConfig(series="S", number="3.5", translator="T", group="G")
    assert info(book(language="en", settings=settings)) == {
        "Title": "Ch & 1", "Series": "S", "Number": "3.5", "Translator": "T", "ScanInformation": "G", "PageCount": "2",
        "LanguageISO": "en", "Manga": "YesAndRightToLeft",
    }  # fmt: skip


def test_comicinfo_keeps_what_the_source_said() -> None:
    given = (
        b"<ComicInfo><Pages><Page Image='0' ImageSize='9' Type='FrontCover'/><Page Image='1'/></Pages>"
        b"<Writer>W</Writer>"
        b"<Title>Own</Title><PageCount>9</PageCount><LanguageISO>ja</LanguageISO><Manga>Yes</Manga></ComicInfo>"
    )
    made = book(extras=(("comicinfo.XML", given),), language="fr", direction="ltr")
    found = info(made)
    assert (found["Title"], found["Writer"], found["PageCount"]) == ("Own", "W", "2")
    assert (found["LanguageISO"], found["Manga"]) == ("fr", "Yes")
    assert b'<Page Image="0" Type="FrontCover" />' in comicinfo.make(made, ("", ""))
    assert b"<Pages>" not in comicinfo.make(made, ("", "", ""))
    assert info(replace(made, settings=ExportConfig(title="New")))["Title"] == "New"


@pytest.mark.parametrize("given", [b"<ComicInfo>", b"<other/>", b"<!DOCTYPE a [<!ENTITY x 'y'>]><ComicInfo/>", b"\xff"])
def test_a_broken_comicinfo_costs_itself(given: bytes, caplog: pytest.LogCaptureFixture) -> None:
    assert info(book(extras=(("ComicInfo.xml", given),)))["PageCount"] == "2"
    assert "the book gets a new one" in caplog.text


def test_joined_chapters_stay_in_order_and_are_marked(tmp_path: Path) -> None:
    one = replace(book(page(tmp_path, "001.png")), title="Ch 2")
    two = replace(book(page(tmp_path, "001.png"), page(tmp_path, "002.png")), title="Ch 10")
    whole = joined("Volume 1", [one, two])
    cbz.write(whole, tmp_path / "v.cbz")
    assert [*members(tmp_path / "v.cbz")][:3] == ["1 Ch 2/001.png", "2 Ch 10/001.png", "2 Ch 10/002.png"]
    pages = ElementTree.fromstring(members(tmp_path / "v.cbz")["ComicInfo.xml"]).findall("Pages/Page")
    assert [one.get("Bookmark") for one in pages] == ["Ch 2", "Ch 10", None]
    pdf.write(whole, tmp_path / "v.pdf")
    with pypdfium2.PdfDocument(tmp_path / "v.pdf") as document:
        assert [(mark.get_title(), mark.get_dest().get_index()) for mark in document.get_toc()] == [
            ("Ch 2", 0), ("Ch 10", 1),
        ]  # fmt: skip
    epub.write(whole, tmp_path / "v.epub")
    nav = ElementTree.fromstring(members(tmp_path / "v.epub")["book/nav.xhtml"])
    toc = nav.find(f"{HTML}body/{HTML}nav")
    assert toc is not None
    assert [(a.text, a.get("href")) for a in toc.iter(f"{HTML}a")] == [
        ("Ch 2", "p0001.xhtml"),
        ("Ch 10", "p0002.xhtml"),
    ]


# Text that can be found


SPEECHES = ["Where is the cat?", "お前には学力がある", "안녕하세요 세상", "Привет, мир", "𠮷野家"]


@pytest.mark.parametrize("text", SPEECHES)
@pytest.mark.parametrize("vertical", [False, True])
def test_pdf_can_be_searched_in_every_script(text: str, vertical: bool, tmp_path: Path) -> None:
    box = Box(40, 20, 70, 150) if vertical else Box(10, 20, 110, 60)
    made = page(tmp_path, regions=(region(text, box=box, vertical=vertical),))
    pdf.write(book(made, direction="ltr"), tmp_path / "b.pdf")  # from right to left PDFium takes words for Hebrew
    assert said(tmp_path / "b.pdf").replace(" ", "") == text.replace(" ", "")
    pdf.write(
        book(page(tmp_path, regions=(region(text),)), settings=ExportConfig(searchable=False)), tmp_path / "n.pdf"
    )
    assert said(tmp_path / "n.pdf") == ""


def test_pdf_holds_the_translation_where_it_is_to_be_seen(tmp_path: Path) -> None:
    regions = (region("猫", "*the* {cat|neko}"),)
    pdf.write(book(page(tmp_path, regions=regions)), tmp_path / "b.pdf")
    assert said(tmp_path / "b.pdf") == "猫"
    pdf.write(book(page(tmp_path, regions=regions, typeset=True), direction="ltr"), tmp_path / "b.pdf")
    assert said(tmp_path / "b.pdf") == "the cat"


def test_unseen_text_lies_on_its_lettering_and_draws_nothing(tmp_path: Path) -> None:
    lines = (Line(((30, 40), (90, 40), (90, 60), (30, 60)), text="HELLO"),)
    made = book(page(tmp_path, regions=(region("HELLO", lines=lines),)))
    pdf.write(made, tmp_path / "b.pdf")
    with pypdfium2.PdfDocument(tmp_path / "b.pdf") as document:
        sheet = document[0]
        text = sheet.get_textpage()
        scale = 72 / 150
        left, _, _, top = text.get_charbox(0, loose=True)
        _, bottom, right, _ = text.get_charbox(4, loose=True)
        assert (left, right) == pytest.approx((30 * scale, 90 * scale), abs=1)
        assert 180 * scale - top == pytest.approx(40 * scale, abs=2)
        assert 180 * scale - bottom == pytest.approx(60 * scale, abs=2)
        assert set(np.asarray(sheet.render(scale=2).to_pil().convert("L")).ravel().tolist()) == {230}


def test_columns_run_down_and_spread_text_stays_in_its_box() -> None:
    column = Line(((50, 10), (70, 10), (70, 90), (50, 90)), text="縦")
    (line,) = unseen.lines(region("縦", lines=(column,), vertical=True), False)
    assert line.polygon == ((70, 10), (70, 90), (50, 90), (50, 10))  # begins above right, runs down
    box = Box(10, 10, 200, 90)
    spread = unseen.lines(region("x", "a rather long translation of several words", box=box), True)
    assert "".join(line.text for line in spread) == "a rather long translation of several words"
    assert len(spread) > 1
    assert all(10 <= x <= 200 and 10 <= y <= 90 for line in spread for x, y in line.polygon)


def test_pdf_says_who_and_what(tmp_path: Path) -> None:
    settings = ExportConfig(title="題", series="S", number="2", author="A", translator="T")
    pdf.write(book(page(tmp_path), settings=settings, language="fr"), tmp_path / "b.pdf")
    with pypdfium2.PdfDocument(tmp_path / "b.pdf") as document:
        found = [document.get_metadata_value(key) for key in ("Title", "Author", "Subject", "Keywords")]
    assert found == ["題", "A", "S 2", "Translation: T"]
    assert b"/Lang (fr)" in (tmp_path / "b.pdf").read_bytes()


# EPUB


def test_epub_is_a_fixed_layout_read_from_the_right(tmp_path: Path) -> None:
    regions = (region("猫", 'the "cat" & <dog>'),)
    wide = page(tmp_path, "002.png", (300, 180))
    settings = ExportConfig(author="A <B>", series="S", number="4")
    made = book(page(tmp_path, regions=regions, typeset=True), wide, language="en", settings=settings)
    epub.write(made, tmp_path / "a.epub")
    epub.write(made, tmp_path / "b.epub")
    assert (tmp_path / "a.epub").read_bytes() == (tmp_path / "b.epub").read_bytes()
    assert (tmp_path / "a.epub").read_bytes()[30:58] == b"mimetypeapplication/epub+zip"
    found = members(tmp_path / "a.epub")
    assert found["book/p0001.png"] == (tmp_path / "001.png").read_bytes()
    package = ElementTree.fromstring(found["book/book.opf"])
    spine = package.find(f"{OPF}spine")
    assert spine is not None
    assert spine.get("page-progression-direction") == "rtl"
    assert [item.get("properties") for item in spine] == ["rendition:page-spread-center"] * 2
    assert package.findtext(f"{OPF}metadata/{DC}title") == "Ch & 1"
    assert package.findtext(f"{OPF}metadata/{DC}creator") == "A <B>"
    metas = {meta.get("property"): meta.text for meta in package.iter(f"{OPF}meta")}
    assert (metas["rendition:layout"], metas["group-position"]) == ("pre-paginated", "4")
    files = {item.get("href") for item in package.iter(f"{OPF}item")}
    assert {f"book/{name}" for name in files} == {name for name in found if name.startswith("book/")} - {
        "book/book.opf"
    }
    sheet = ElementTree.fromstring(found["book/p0001.xhtml"])
    assert [img.get("alt") for img in sheet.iter(f"{HTML}img")] == ['the "cat" & <dog>']
    assert "width=120, height=180" in found["book/p0001.xhtml"].decode()


def test_epub_holds_formats_that_readers_know(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    pages = []
    rng = np.random.default_rng(2)
    noise = Image.fromarray(rng.integers(0, 256, (40, 30, 3), np.uint8))
    for name, options in (("1.webp", {"lossless": True}), ("2.tif", {}), ("3.jpg", {}), ("4.png", {})):
        noise.save(tmp_path / name, **options)
        pages.append(BookPage(name, tmp_path / name, tmp_path / name))
    (tmp_path / "5.png").write_bytes(b"nothing")
    pages.append(BookPage("5.png", tmp_path / "5.png", tmp_path / "5.png"))
    epub.write(book(*pages), tmp_path / "b.epub")
    found = members(tmp_path / "b.epub")
    pictures = {name: Image.open(io.BytesIO(data)).format for name, data in found.items() if name.endswith("g")}
    assert pictures == {
        "book/p0001.jpg": "JPEG",
        "book/p0002.png": "PNG",
        "book/p0003.jpg": "JPEG",
        "book/p0004.png": "PNG",
    }
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(found["book/p0002.png"]))), np.asarray(noise))
    assert "5.png cannot be read" in caplog.text


def strip() -> Image.Image:
    """Panels of noise with white between them, ten times as high as wide."""
    pixels = np.full((1000, 100, 3), 255, np.uint8)
    rng = np.random.default_rng(1)
    for top in range(20, 960, 120):
        pixels[top : top + 90] = rng.integers(0, 256, (90, 100, 3), np.uint8)
    return Image.fromarray(pixels)


def test_strips_are_cut_between_panels(tmp_path: Path) -> None:
    image = np.asarray(strip())
    screens = cuts(image)
    assert [top for top, _ in screens[1:]] == [bottom for _, bottom in screens[:-1]]
    assert (screens[0][0], screens[-1][1]) == (0, 1000)
    assert all(bottom - top <= 160 for top, bottom in screens)
    assert all((image[bottom] == 255).all() for _, bottom in screens[:-1])
    assert cuts(image[:250]) == [(0, 250)]
    assert len(cuts(np.random.default_rng(1).integers(0, 256, (1000, 100, 3), np.uint8))) >= 7
    strip().save(tmp_path / "1.png")
    texts = (region("upper", box=Box(10, 30, 60, 50)), region("lower", box=Box(10, 800, 60, 850)))
    made = book(BookPage("1.png", tmp_path / "1.png", tmp_path / "1.png", texts), direction="ttb")
    epub.write(made, tmp_path / "b.epub")
    found = members(tmp_path / "b.epub")
    parts = [np.asarray(Image.open(io.BytesIO(data))) for name, data in found.items() if name.endswith(".png")]
    assert np.array_equal(np.vstack(parts), image)
    assert [name for name, data in found.items() if b'alt="lower"' in data] != ["book/p0001.xhtml"]
    assert b'alt="upper"' in found["book/p0001.xhtml"]
    proof.write(made, tmp_path / "b.pdf")
    with pypdfium2.PdfDocument(tmp_path / "b.pdf") as document:
        assert len(document) == len(parts)


# Proof


def test_proof_has_pictures_texts_and_room_for_notes(tmp_path: Path) -> None:
    regions = (
        region("猫はどこ？", "Where is the cat?"),
        replace(region("そこ", box=Box(20, 100, 80, 150)), order=2, bubble=Box(10, 90, 90, 160)),
    )
    made = book(page(tmp_path, regions=regions), source_language="ja", language="en")
    proof.write(made, tmp_path / "a.pdf")
    proof.write(made, tmp_path / "b.pdf")
    assert (tmp_path / "a.pdf").read_bytes() == (tmp_path / "b.pdf").read_bytes()
    text = said(tmp_path / "a.pdf")
    assert "Where is the cat?" in text
    assert "猫はどこ" in text
    with pypdfium2.PdfDocument(tmp_path / "a.pdf") as document:
        document.init_forms()
        assert document.get_formtype() != 0
        pixels = np.asarray(document[0].render(scale=2).to_pil().convert("RGB")).astype(int)
    red = (pixels[..., 0] > 180) & (pixels[..., 1] < 90)
    assert red[:, :770].sum() > 50  # numbers on the picture
    assert red[:, 770:].sum() > 5  # and in the table
    assert (pixels[:, 770:].max(2) < 60).sum() > 100  # letters


def test_a_long_table_goes_on_on_another_sheet(tmp_path: Path) -> None:
    regions = tuple(replace(region("x", f"number {i}", box=Box(i, i, i + 20, i + 20)), order=i) for i in range(1, 41))
    proof.write(book(page(tmp_path, regions=regions)), tmp_path / "a.pdf")
    with pypdfium2.PdfDocument(tmp_path / "a.pdf") as document:
        assert len(document) >= 2
        whole = " ".join(said(tmp_path / "a.pdf", i) for i in range(len(document)))
    assert all(f"number {i}" in whole for i in range(1, 41))


# Sizes, folders


def test_quality_makes_pages_smaller_where_that_helps(tmp_path: Path) -> None:
    noise = Image.fromarray(np.random.default_rng(1).integers(0, 256, (200, 200), np.uint8))

    def png(image: Image.Image) -> bytes:
        out = io.BytesIO()
        image.save(out, "PNG", dpi=(300, 300))
        return out.getvalue()

    suffix, data = smaller(".png", png(noise.convert("RGB")), 70)
    with Image.open(io.BytesIO(data)) as image:
        assert (suffix, image.format, image.mode) == (".jpg", "JPEG", "L")
        assert image.info["dpi"] == pytest.approx((300, 300), abs=1)
    for kept in (noise.convert("1"), Image.new("L", (50, 50)), noise.convert("RGBA")):
        assert smaller(".png", png(kept), 70) == (".png", png(kept))
    assert smaller(".jpg", b"any", 70) == (".jpg", b"any")
    assert smaller(".png", b"broken", 70) == (".png", b"broken")
    (tmp_path / "1.png").write_bytes(png(noise))
    made = book(BookPage("1.png", tmp_path / "1.png", tmp_path / "1.png"), settings=ExportConfig(quality=70))
    assert [leaf.suffix for leaf in export.leaves(made)] == [".jpg"]


def test_a_folder_of_pages_leaves_other_files_alone(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    dest = tmp_path / "out"
    dest.mkdir()
    (dest / "mine.txt").write_text("x")
    made = book(page(tmp_path, "a.png"), page(tmp_path, "b.png"))
    with caplog.at_level(logging.WARNING):
        folder.write(made, dest)
    assert sorted(path.name for path in dest.iterdir()) == ["a.png", "b.png", "mine.txt"]
    assert "also holds mine.txt" in caplog.text
    before = (dest / "a.png").stat().st_mtime_ns
    folder.write(made, dest)
    assert (dest / "a.png").stat().st_mtime_ns == before
