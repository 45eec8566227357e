"""Layered files: what they hold, that they look like the page, and that work in them is kept."""

import io
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image, ImageCms
from psd_tools import PSDImage
from psd_tools.constants import Resource

from mangaclean.export import Book, BookPage, layers, ora, psd
from mangaclean.setting import Piece
from mangaclean.types import Box, Region
from mangaclean.types import Image as Pixels

BOX = Box(20, 30, 60, 70)


def region(name: str, text: str, translation: str = "", box: Box = BOX) -> Region:
    corners = ((box.left, box.top), (box.right, box.top), (box.right, box.bottom), (box.left, box.bottom))
    return Region(
        id=name, order=1, panel=1, kind="speech", box=box, polygon=corners, bubble=None, vertical=True, angle=0.0,
        font_size=12.0, color="#000000", outline=None, action="fill", reason="", text=text, translation=translation,
    )  # fmt: skip


def piece(name: str, color: tuple[int, int, int] = (0, 0, 0)) -> Piece:
    pixels = np.zeros((20, 30, 4), np.uint8)
    pixels[..., :3] = color
    pixels[5:15, 5:25, 3] = 255
    pixels[5:15, 4, 3] = 128
    return Piece(name, 25, 40, pixels, True, 12.0, ("x",))


def drawn(mode: str = "RGB") -> Image.Image:
    return Image.fromarray(np.random.default_rng(1).integers(0, 256, (120, 90, 3), np.uint8)).convert(mode)


def page(tmp_path: Path, mode: str = "RGB", *pieces: Piece, **options: object) -> BookPage:
    """A page of noise; the square where its lettering was is white on the cleaned page."""
    original = drawn(mode)
    cleaned = original.copy()
    cleaned.paste({"RGB": (255, 255, 255), "L": 255, "1": 1}[mode], BOX)
    original.save(tmp_path / "o.png", **options)
    cleaned.save(tmp_path / "001.png", **options)
    mask = np.zeros((120, 90), np.uint8)
    mask[BOX.slices] = 255
    Image.fromarray(mask).save(tmp_path / "m.png")
    regions = (region("a", "すごい…\nですね", "Great, *isn't* it?"), region("b", "", box=Box(70, 80, 85, 110)))
    return BookPage(
        "in/001.jpg", tmp_path / "001.png", tmp_path / "o.png", regions, True, tmp_path / "001.png", tmp_path / "m.png",
        lambda: pieces,
    )  # fmt: skip


def over(tmp_path: Path, *pieces: Piece) -> Pixels:
    """The cleaned page with pieces on it, by Pillow."""
    with Image.open(tmp_path / "001.png") as image:
        paper = image.convert("RGBA")
    for one in pieces:
        paper.alpha_composite(Image.fromarray(one.pixels), (one.left, one.top))
    return np.asarray(paper.convert("RGB"))


@pytest.mark.parametrize(("mode", "written"), [("RGB", "RGB"), ("L", "L"), ("1", "L")])
def test_psd_holds_the_layers_and_looks_like_the_page(mode: str, written: str, tmp_path: Path) -> None:
    made = page(tmp_path, mode, piece("a"))
    document = PSDImage.open(io.BytesIO(psd.dump(layers.stack(made))))
    assert [(one.name, one.visible) for one in document] == [
        ("Original", True), ("Cleaned", True), ("Mask", False), ("Lettering of the source", False),
        ("Translation", True),
    ]  # fmt: skip
    assert [one.name for one in document[3]] == ["1 speech: すごい… ですね"]
    (text,) = document[4]
    assert (text.name, text.bbox) == ("1 speech: Great, *isn't* it?", (25, 40, 55, 60))
    assert np.array_equal(np.asarray(text.topil())[..., -1], piece("a").pixels[..., 3])
    assert document.pil_mode == written
    want = over(tmp_path, piece("a")).astype(int)
    assert np.abs(np.asarray(document.topil().convert("RGB")).astype(int) - want).max() <= 1
    assert np.array_equal(np.asarray(document[0].topil().convert("RGB")), np.asarray(drawn(mode).convert("RGB")))
    source = document[3][0]
    assert source.bbox == tuple(BOX)
    assert np.array_equal(np.asarray(source.topil().convert("RGB")), np.asarray(drawn(mode).convert("RGB"))[BOX.slices])
    assert psd.dump(layers.stack(made)) == psd.dump(layers.stack(made))


def test_a_coloured_text_makes_a_grey_page_a_colour_document(tmp_path: Path) -> None:
    made = page(tmp_path, "L", piece("a", (200, 0, 0)))
    assert PSDImage.open(io.BytesIO(psd.dump(layers.stack(made)))).pil_mode == "RGB"


def test_psd_keeps_profile_and_resolution(tmp_path: Path) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    made = page(tmp_path, "RGB", icc_profile=profile, dpi=(300, 300))
    document = PSDImage.open(io.BytesIO(psd.dump(layers.stack(made))))
    assert document.image_resources.get_data(Resource.ICC_PROFILE) == profile
    assert b"\x01\x2c\x00\x00\x00\x01" in psd.dump(layers.stack(made))


def test_ora_holds_the_layers_and_looks_like_the_page(tmp_path: Path) -> None:
    made = page(tmp_path, "RGB", piece("a"))
    data = ora.dump(layers.stack(made))
    assert data[30:54] == b"mimetypeimage/openraster"
    assert data == ora.dump(layers.stack(made))
    archive = zipfile.ZipFile(io.BytesIO(data))

    def picture(name: str) -> Pixels:
        return np.asarray(Image.open(io.BytesIO(archive.read(name))))

    root = ElementTree.fromstring(archive.read("stack.xml"))
    assert (root.get("w"), root.get("h")) == ("90", "120")
    stack = root[0]
    assert [(one.tag, one.get("name"), one.get("visibility")) for one in stack] == [
        ("stack", "Translation", "visible"), ("stack", "Lettering of the source", "hidden"),
        ("layer", "Mask", "hidden"),
        ("layer", "Cleaned", "visible"), ("layer", "Original", "visible"),
    ]  # fmt: skip
    text = stack[0][0]
    assert (text.get("x"), text.get("y")) == ("25", "40")
    assert np.array_equal(picture(text.get("src", "")), piece("a").pixels)
    assert np.abs(picture("mergedimage.png").astype(int) - over(tmp_path, piece("a"))).max() <= 1
    assert max(picture("Thumbnails/thumbnail.png").shape) <= 256
    assert np.array_equal(picture(stack[2].get("src", ""))[..., 3] > 0, np.asarray(Image.open(tmp_path / "m.png")) > 0)


@pytest.mark.parametrize(("write", "name"), [(psd.write, "in/001.psd"), (ora.write, "in/001.ora")])
def test_work_in_a_layered_file_is_kept(
    write: object, name: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    book = Book("b", (page(tmp_path),))
    write(book, tmp_path / "out")  # type: ignore[operator]
    path = tmp_path / "out" / name
    made = path.read_bytes()
    write(book, tmp_path / "out")  # type: ignore[operator]
    assert caplog.text == ""
    path.write_bytes(b"hours of work")
    write(book, tmp_path / "out")  # type: ignore[operator]
    assert path.read_bytes() == b"hours of work"
    assert "--force replaces it" in caplog.text
    write(Book("b", book.pages, force=True), tmp_path / "out")  # type: ignore[operator]
    assert path.read_bytes() == made


def test_layers_of_what_is_left_of_a_page(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    whole = page(tmp_path)
    (tmp_path / "m.png").write_bytes(b"broken")
    gone = BookPage("x", whole.picture, tmp_path / "001.png", whole.regions, False, None, tmp_path / "m.png")
    assert [one.name for one in layers.stack(gone).layers] == ["Original"]
    assert "mask m.png: cannot be read" in caplog.text
    (tmp_path / "bad.png").write_bytes(b"broken")
    book = Book("b", (BookPage("bad.png", None, tmp_path / "bad.png"), whole))
    assert [one.name for one, _ in layers.stacks(book)] == ["in/001.jpg"]
    assert "there are no layers of this page" in caplog.text


def test_names_of_layers_are_short_and_on_one_line() -> None:
    assert layers.name(region("a", ""), "a\n b\u0007c") == "1 speech: a b c"
    assert len(layers.name(region("a", ""), "word " * 50)) < 80
