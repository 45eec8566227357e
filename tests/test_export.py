import io
import logging
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pypdfium2
import pytest
from PIL import Image, ImageCms

from mangaclean import export, files
from mangaclean.errors import InputError, OutputError, PageError, UsageError
from mangaclean.export import Book, BookPage, cbz, pdf


def draw(mode: str = "RGB", size: tuple[int, int] = (60, 90)) -> Image.Image:
    rng = np.random.default_rng(1)
    return Image.fromarray(rng.integers(0, 256, (size[1], size[0], 3), np.uint8)).convert(mode)


def encoded(image: Image.Image, form: str = "PNG", **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, form, **options)
    return out.getvalue()


class Member:
    """A page of an archive, as a source gives it."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def read(self) -> bytes:
        return self.data


GONE = Member(b"must not be asked for")


def book(folder: Path, files: dict[str, bytes], names: list[str] | None = None, **kwargs: object) -> Book:
    """A book of cleaned files, which are written into `folder`."""
    pages = []
    for (file, data), name in zip(files.items(), names or files, strict=True):
        (folder / file).write_bytes(data)
        pages.append(BookPage(name, folder / file, GONE))
    return Book("Chapter 1", tuple(pages), **kwargs)  # type: ignore[arg-type]


def members(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        return {info.filename: archive.read(info) for info in archive.infolist()}


def without_info(path: Path) -> dict[str, bytes]:
    """The members of a CBZ but for ComicInfo.xml, which all of them have."""
    found = members(path)
    assert found.pop("ComicInfo.xml").startswith(b"<?xml")
    return found


def rendered(path: Path, page: int = 0) -> np.ndarray:
    """A page's pixels, at its own resolution."""
    with pypdfium2.PdfDocument(path) as document:
        (picture,) = document[page].get_objects()
        return np.asarray(picture.get_bitmap().to_pil().convert("RGB"))


# By name


def test_exporters_are_found_by_name() -> None:
    assert export.load("cbz") is cbz.write
    assert export.load("pdf") is pdf.write
    with pytest.raises(UsageError, match=r"'cbx'; did you mean 'cbz'\?"):
        export.load("cbx")
    with pytest.raises(UsageError, match="there are cbz, pdf, epub"):
        export.load("xyzzy")


# CBZ


def test_cbz_keeps_names_order_and_other_members(tmp_path: Path) -> None:
    png, jpg = encoded(draw()), encoded(draw(), "JPEG")
    made = book(
        tmp_path,
        {"10.png": png, "2.jpg": jpg, "3.jpg": jpg},
        ["ch01/10.jpg", "ch01/2.JPEG", "ch01/3.jpg"],
        extras=(("ComicInfo.xml", b"<ComicInfo/>"), ("ch01/notes.txt", b"hello")),
    )
    cbz.write(made, tmp_path / "b.cbz")
    assert list(members(tmp_path / "b.cbz").items())[:-1] == [
        ("ch01/10.png", png),
        ("ch01/2.JPEG", jpg),
        ("ch01/3.jpg", jpg),
        ("ch01/notes.txt", b"hello"),
    ]


def test_cbz_stores_and_is_deterministic(tmp_path: Path) -> None:
    made = book(tmp_path, {"1.png": encoded(draw())}, extras=(("a.txt", b"a" * 1000),))
    cbz.write(made, tmp_path / "a.cbz")
    (tmp_path / "1.png").touch()
    cbz.write(made, tmp_path / "b.cbz")
    assert (tmp_path / "a.cbz").read_bytes() == (tmp_path / "b.cbz").read_bytes()
    with zipfile.ZipFile(tmp_path / "a.cbz") as archive:
        assert {(i.compress_type, i.date_time[0], i.external_attr >> 16) for i in archive.infolist()} == {
            (zipfile.ZIP_STORED, 1980, 0o644)
        }


def test_cbz_tells_pages_apart_that_get_one_name(tmp_path: Path) -> None:
    files = {"001.png": b"a", "001-jpg.png": b"b", "x.png": b"c", "y.png": b"d"}
    cbz.write(book(tmp_path, files, ["001.png", "001.jpg", "X.png", "x.PNG"]), tmp_path / "b.cbz")
    assert without_info(tmp_path / "b.cbz") == {"001.png": b"a", "001-jpg.png": b"b", "X.png": b"c", "y.png": b"d"}


def test_cbz_holds_no_names_that_lead_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    extras = (
        ("../evil.txt", b"x"),
        ("/etc/x", b"x"),
        ("C:\\x", b"x"),
        ("..\\x", b"x"),
        ("1.PNG", b"x"),
        ("ok.txt", b"y"),
    )
    made = book(tmp_path, {"1.png": b"a", "2.png": b"b"}, ["1.png", "../../2.png"], extras=extras)
    cbz.write(made, tmp_path / "b.cbz")
    assert without_info(tmp_path / "b.cbz") == {"1.png": b"a", "2.png": b"b", "ok.txt": b"y"}
    assert len(caplog.records) == 5


@pytest.mark.parametrize("cleaned", ["missing.png", None])
def test_books_hold_the_original_of_a_failed_page(
    cleaned: str | None, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    original = encoded(draw(), "JPEG")
    (tmp_path / "2.jpg").write_bytes(original)
    page = BookPage("2.jpg", tmp_path / cleaned if cleaned else None, tmp_path / "2.jpg")
    member = BookPage("in/3.jpg", None, Member(original))
    made = book(tmp_path, {"1.png": encoded(draw())})
    made = Book(made.title, (*made.pages, page, member))
    with caplog.at_level(logging.WARNING):
        cbz.write(made, tmp_path / "b.cbz")
        pdf.write(made, tmp_path / "b.pdf")
    assert [*without_info(tmp_path / "b.cbz")] == ["1.png", "2.jpg", "in/3.jpg"]
    assert members(tmp_path / "b.cbz")["2.jpg"] == original
    assert sum("2.jpg was not cleaned" in record.message for record in caplog.records) == 2
    with pypdfium2.PdfDocument(tmp_path / "b.pdf") as document:
        assert len(document) == 3


def test_what_a_killed_export_leaves_is_swept(tmp_path: Path) -> None:
    with export.placed(tmp_path / "b.cbz") as file:
        file.write(b"half")
        assert len(list(tmp_path.iterdir())) == 1
        files.sweep(tmp_path)
        assert list(tmp_path.iterdir()) == []
        (tmp_path / file.name).touch()  # so that it can take its place


@pytest.mark.parametrize("write", [cbz.write, pdf.write])
def test_books_take_their_place_whole_or_not_at_all(write: export.Exporter, tmp_path: Path) -> None:
    folder = tmp_path / "pages"
    folder.mkdir()
    made = book(folder, {"1.png": encoded(draw())})
    broken = Book("t", (*made.pages, BookPage("2.png", None, folder / "gone.png")))
    dest = tmp_path / "b.out"
    dest.write_bytes(b"before")
    with pytest.raises(InputError, match=r"2\.png"):
        write(broken, dest)
    assert dest.read_bytes() == b"before"
    with pytest.raises(OutputError, match="cannot write"):
        write(made, tmp_path / "nowhere" / "b.out")
    write(made, dest)
    assert dest.read_bytes() != b"before"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b.out", "pages"]


# PDF


@pytest.mark.parametrize("mode", ["RGB", "L", "1", "P", "LA", "RGBA", "I;16"])
def test_pdf_holds_png_pixels_unchanged(mode: str, tmp_path: Path) -> None:
    image = draw("L").convert("I;16") if mode == "I;16" else draw(mode)
    pdf.write(book(tmp_path, {"1.png": encoded(image)}), tmp_path / "b.pdf")
    opaque = draw("L") if mode == "I;16" else image
    assert np.array_equal(rendered(tmp_path / "b.pdf"), np.asarray(opaque.convert("RGB")))


def test_pdf_shows_transparent_pixels_as_paper(tmp_path: Path) -> None:
    image = Image.new("RGBA", (8, 8), (200, 0, 0, 0))
    pdf.write(book(tmp_path, {"1.png": encoded(image)}), tmp_path / "b.pdf")
    assert rendered(tmp_path / "b.pdf").min() == 255


def test_pdf_takes_jpeg_and_png_data_over_as_they_are(tmp_path: Path) -> None:
    jpeg, png = encoded(draw("L"), "JPEG", quality=80), encoded(draw("L"))
    pdf.write(book(tmp_path, {"1.jpg": jpeg, "2.png": png}), tmp_path / "b.pdf")
    data = (tmp_path / "b.pdf").read_bytes()
    assert jpeg in data
    assert png[png.index(b"IDAT") + 4 : png.index(b"IEND") - 8] in data
    assert data.count(b"/DeviceGray") == 2
    assert b"/DeviceRGB" not in data


@pytest.mark.parametrize(("form", "options"), [("WEBP", {"lossless": True}), ("TIFF", {}), ("BMP", {})])
def test_pdf_holds_other_formats_losslessly(form: str, options: dict[str, object], tmp_path: Path) -> None:
    pdf.write(book(tmp_path, {"1.x": encoded(draw(), form, **options)}), tmp_path / "b.pdf")
    assert np.array_equal(rendered(tmp_path / "b.pdf"), np.asarray(draw()))


def test_pdf_pages_have_a_readable_size(tmp_path: Path) -> None:
    files = {
        "1.png": encoded(draw(size=(300, 600)), dpi=(300, 300)),
        "2.png": encoded(draw(size=(300, 600))),
        "3.jpg": encoded(draw(size=(300, 600)), "JPEG", dpi=(1, 1)),
        "4.png": encoded(Image.new("1", (100, 40_000))),
    }
    pdf.write(book(tmp_path, files), tmp_path / "b.pdf")
    with pypdfium2.PdfDocument(tmp_path / "b.pdf") as document:
        sizes = [document.get_page_size(i) for i in range(4)]
    assert sizes[0] == pytest.approx((72, 144), abs=0.1)
    assert sizes[1] == sizes[2] == pytest.approx((144, 288), abs=0.1)
    assert sizes[3] == pytest.approx((36, 14_400), abs=0.1)


def test_pdf_stands_upright_where_the_camera_did_not(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    jpeg = encoded(draw(size=(60, 90)), "JPEG", exif=exif, quality=95)
    pdf.write(book(tmp_path, {"1.jpg": jpeg}), tmp_path / "b.pdf")
    assert rendered(tmp_path / "b.pdf").shape == (60, 90, 3)


def test_pdf_keeps_a_fitting_profile_once(tmp_path: Path) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    files = {f"{i}.png": encoded(draw(mode), icc_profile=profile) for i, mode in enumerate(("RGB", "RGB", "L"))}
    pdf.write(book(tmp_path, files), tmp_path / "b.pdf")
    data = (tmp_path / "b.pdf").read_bytes()
    assert data.count(b"/ICCBased") == 2
    assert data.count(b"/N 3") == 1
    assert np.array_equal(rendered(tmp_path / "b.pdf", 2)[..., 0], np.asarray(draw("L")))


def test_pdf_says_title_and_direction_and_nothing_of_the_time(tmp_path: Path) -> None:
    files = {"1.png": encoded(draw())}
    pdf.write(book(tmp_path, files, direction="rtl"), tmp_path / "a.pdf")
    pdf.write(book(tmp_path, files, direction="rtl"), tmp_path / "b.pdf")
    pdf.write(book(tmp_path, files, direction="ltr"), tmp_path / "c.pdf")
    assert (tmp_path / "a.pdf").read_bytes() == (tmp_path / "b.pdf").read_bytes()
    assert b"/Direction /R2L" in (tmp_path / "a.pdf").read_bytes()
    assert b"R2L" not in (tmp_path / "c.pdf").read_bytes()
    with pypdfium2.PdfDocument(tmp_path / "a.pdf") as document:
        assert document.get_metadata_value("Title") == "Chapter 1"


def test_books_of_any_size_need_the_memory_of_a_page(tmp_path: Path) -> None:
    page = encoded(Image.fromarray(np.random.default_rng(1).integers(0, 256, (1000, 1000), np.uint8)))
    made = book(tmp_path, {f"{i}.png": page for i in range(20)})
    for write in (cbz.write, pdf.write):
        write(book(tmp_path, {"x.png": page}), tmp_path / "warm")  # imports count as memory
        tracemalloc.start()
        write(made, tmp_path / "b")
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert (tmp_path / "b").stat().st_size > 20 * len(page)
        assert peak < 8 * len(page)


def test_pdf_has_an_empty_page_for_what_cannot_be_read(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    png = encoded(draw())
    damaged = png[:100] + bytes([png[100] ^ 255]) + png[101:]
    files = {"1.png": png, "2.png": b"no picture", "3.png": png[:300], "4.png": damaged, "五.jpg": b"", "6.png": png}
    pdf.write(book(tmp_path, files, direction="ltr"), tmp_path / "b.pdf")
    with pypdfium2.PdfDocument(tmp_path / "b.pdf") as document:
        assert len(document) == 6
        texts = [document[i].get_textpage().get_text_range() for i in range(6)]
        sizes = {document.get_page_size(i) for i in range(6)}
    assert [bool(text) for text in texts] == [False, True, True, True, True, False]
    assert "2.png cannot be read" in texts[1]
    assert len(sizes) == 1
    assert sum("cannot be read" in record.message for record in caplog.records) == 4


def test_a_page_that_cannot_be_had_is_left_out(tmp_path, caplog):
    class Gone:
        def read(self):
            raise PageError("002.png: damaged")

    good = tmp_path / "001.png"
    Image.new("L", (8, 8)).save(good)
    book = Book("b", (BookPage("001.png", good, good), BookPage("002.png", None, Gone())))
    export.load("cbz")(book, tmp_path / "b.cbz")
    with zipfile.ZipFile(tmp_path / "b.cbz") as archive:
        assert archive.namelist() == ["001.png", "ComicInfo.xml"]
    assert "goes without this page" in caplog.text
