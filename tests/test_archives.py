import io
import os
import shutil
import struct
import subprocess
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image as Pillow
from reportlab.pdfgen.canvas import Canvas

from mangaclean import images, rarheads, tarstream
from mangaclean.archives import Source, chapters, open_source
from mangaclean.config import InputConfig
from mangaclean.errors import InputError, MissingError, OutputError, PageError

CFG = InputConfig()
NOISE = bytes(n * n % 251 for n in range(500))
BSDTAR = shutil.which("bsdtar")
needs_bsdtar = pytest.mark.skipif(BSDTAR is None, reason="bsdtar (libarchive-tools) is not installed")


def page(tone: int = 0, form: str = "PNG") -> bytes:
    out = io.BytesIO()
    Pillow.new("L", (30, 40), tone).save(out, form)
    return out.getvalue()


MEMBERS = {"ch/10.png": page(10), "ch/9.png": page(9), "ComicInfo.xml": b"<ComicInfo/>", "__MACOSX/ch/._9.png": b"x"}


def names(source: Source) -> list[str]:
    return [one.name for one in source.pages]


def stems(source: Source) -> list[str]:
    return [one.stem for one in source.pages]


def zipped(path: Path, members: dict[str, bytes], packing: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", packing) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def tarred(path: Path, members: dict[str, bytes], mode: str = "w") -> Path:
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


def rar4(path: Path, members: dict[str, bytes], head_flags: int = 0, file_flags: int = 0) -> Path:
    """A RAR 4 archive that stores its members."""

    def block(kind: int, flags: int, rest: bytes, data: bytes = b"") -> bytes:
        head = struct.pack("<BHH", kind, flags, 7 + len(rest)) + rest
        return struct.pack("<H", zlib.crc32(head) & 0xFFFF) + head + data

    blocks = [rarheads.RAR4, block(0x73, head_flags, bytes(6))]
    for name, data in members.items():
        size, spelled = len(data), name.encode()
        fields = (size, size, 3, zlib.crc32(data), 0x21 << 16, 20, 0x30, len(spelled), 0o100644)
        blocks.append(block(0x74, 0x8000 | file_flags, struct.pack("<IIBIIBBHI", *fields) + spelled, data))
    path.write_bytes(b"".join(blocks) + block(0x7B, 0x4000, b""))
    return path


def seven(path: Path, members: dict[str, bytes]) -> Path:
    folder = path.with_suffix(".d")
    for name, data in members.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    command = [str(BSDTAR), "-cf", str(path), "--format", "7zip", *members]
    subprocess.run(command, cwd=folder, check=True, env={**os.environ, "LC_ALL": "C.UTF-8"})
    return path


MAKERS = [
    pytest.param(zipped, "ch.cbz", id="zip"),
    pytest.param(zipped, "ch.cbr", id="zip-named-cbr"),
    pytest.param(tarred, "ch.cbt", id="tar"),
    pytest.param(lambda path, members: tarred(path, members, "w:gz"), "ch.cbt", id="tar-gz"),
    pytest.param(rar4, "ch.cbr", id="rar", marks=needs_bsdtar),
    pytest.param(rar4, "ch.cbz", id="rar-named-cbz", marks=needs_bsdtar),
    pytest.param(seven, "ch.cb7", id="7z", marks=needs_bsdtar),
]
Maker = Callable[[Path, dict[str, bytes]], Path]


@pytest.mark.parametrize(("make", "name"), MAKERS)
def test_archives_of_every_kind(tmp_path: Path, make: Maker, name: str) -> None:
    path = make(tmp_path / name, MEMBERS)
    before = path.read_bytes()
    with open_source(path, CFG) as source:
        assert source.title == "ch"
        assert names(source) == ["ch/9.png", "ch/10.png"]
        assert stems(source) == ["9", "10"]
        assert [one.read() for one in source.pages] == [page(9), page(10)]
        assert source.pages[0].read() == page(9)  # once more, after another
        assert source.extras() == (("ComicInfo.xml", b"<ComicInfo/>"),)
        assert source.notes == ()
    assert path.read_bytes() == before


@pytest.mark.parametrize(("make", "name"), MAKERS)
def test_a_bomb_is_refused(tmp_path: Path, make: Maker, name: str) -> None:
    path = make(tmp_path / name, {"1.png": bytes(60_000), "2.png": bytes(60_000)})
    with pytest.raises(InputError, match=r"ch\.\w+: unpacks to more than input.max_unpacked = 100000"):
        open_source(path, InputConfig(max_unpacked=100_000))
    open_source(path, InputConfig(max_unpacked=120_000)).close()


@pytest.mark.parametrize(("make", "name"), MAKERS)
def test_without_pages(tmp_path: Path, make: Maker, name: str) -> None:
    with pytest.raises(InputError, match=r"there are no pages in it; known are \.avif"):
        open_source(make(tmp_path / name, {"readme.txt": b"hello"}), CFG)
    with pytest.raises(InputError, match="it holds archives: give one of them"):
        open_source(make(tmp_path / name, {"01.cbz": b"PK"}), CFG)


@pytest.mark.parametrize(("make", "name"), MAKERS)
def test_broken_off(tmp_path: Path, make: Maker, name: str) -> None:
    path = make(tmp_path / name, {f"{n}.png": os.urandom(20_000) for n in range(4)})
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(InputError, match=r"damaged archive|breaks off"):
        open_source(path, CFG)


@pytest.mark.parametrize("maker", [zipped, tarred])
@pytest.mark.parametrize(
    "name", ["../../evil.png", "/etc/evil.png", "..\\evil.png", "C:\\evil.png", "a/../../evil.png"]
)
def test_names_that_lead_out_are_passed_over(tmp_path: Path, maker: Maker, name: str) -> None:
    path = maker(tmp_path / "ch.cbz", {name: page(), "001.png": page(1)})
    with open_source(path, CFG) as source:
        assert names(source) == ["001.png"]
        assert source.extras() == ()
        assert len(source.notes) == 1
        assert "passed over, as its name points outside the archive" in source.notes[0]


def test_a_password_on_a_zip(tmp_path: Path) -> None:
    path = zipped(tmp_path / "ch.cbz", {"001.png": page()})
    data = bytearray(path.read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"ch\.cbz: protected by a password; unpack it and give the folder"):
        open_source(path, CFG)


@needs_bsdtar
@pytest.mark.parametrize("flags", [{"head_flags": 0x80}, {"file_flags": 0x04}])
def test_a_password_on_a_rar(tmp_path: Path, flags: dict[str, int]) -> None:
    path = rar4(tmp_path / "ch.cbr", {"001.png": page()}, **flags)
    with pytest.raises(InputError, match=r"ch\.cbr: protected by a password; unpack it and give the folder"):
        open_source(path, CFG)


def rar5(path: Path, *headers: bytes) -> Path:
    """The headers of a RAR 5 archive, each with its length before it; sums are left out, as nobody checks them here."""
    path.write_bytes(rarheads.RAR5 + b"".join(bytes(4) + bytes([len(head)]) + head for head in headers))
    return path


def test_passwords_show_in_rar_5_headers(tmp_path: Path) -> None:
    main = bytes([1, 0, 0])
    encryption = bytes([4, 0, 0, 0])
    # type, flags (extra), size of the extra area; then a record of (size, type, value)
    plain = bytes([2, 1, 3, 2, 3, 0])
    secret = bytes([2, 1, 6, 2, 3, 0, 2, 1, 0])
    assert not rarheads.locked(rar5(tmp_path / "a", main, plain))
    assert rarheads.locked(rar5(tmp_path / "b", main, plain, secret))
    assert rarheads.locked(rar5(tmp_path / "c", encryption))
    assert not rarheads.locked(rar5(tmp_path / "d", b""))


@needs_bsdtar
def test_japanese_names_in_a_locale_without_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "C")
    with open_source(seven(tmp_path / "ch.cb7", {"頁1.png": page()}), CFG) as source:
        assert names(source) == ["頁1.png"]


def test_without_bsdtar_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(MissingError, match="need the program bsdtar: install libarchive-tools"):
        open_source(rar4(tmp_path / "ch.cbr", {"001.png": page()}), CFG)
    open_source(tarred(tmp_path / "ch.cbt", {"001.png": page()}), CFG).close()


def test_no_room_to_unpack() -> None:
    class Full(io.BytesIO):
        def write(self, _: Any) -> int:
            raise OSError(28, "No space left on device")

    with pytest.raises(OutputError, match=r"cannot unpack to .*: No space left on device; .*TMPDIR"):
        tarstream.Spool(Full()).put("001.png", b"page")


@pytest.mark.parametrize("packing", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_damaged_member_costs_itself_alone(tmp_path: Path, packing: int) -> None:
    path = zipped(tmp_path / "ch.cbz", {"1.png": NOISE, "2.png": page(2), "ComicInfo.xml": NOISE}, packing)
    data = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        starts = [info.header_offset + 30 + len(info.filename) for info in archive.infolist()]
    for start in (starts[0], starts[2]):
        data[start + 10] ^= 255  # behind the settings with which LZMA begins
    path.write_bytes(data)
    with open_source(path, CFG) as source:
        with pytest.raises(PageError, match=r"1\.png: damaged in the archive .*; copy or download it again"):
            source.pages[0].read()
        assert source.pages[1].read() == page(2)
        assert source.extras() == ()


def test_a_member_that_lies_about_its_size_is_not_unpacked_further(tmp_path: Path) -> None:
    path = zipped(tmp_path / "ch.cbz", {"1.png": bytes(1_000_000)})
    data = path.read_bytes().replace(struct.pack("<I", 1_000_000), struct.pack("<I", 100))
    path.write_bytes(data)
    with open_source(path, CFG) as source, pytest.raises(PageError, match="damaged in the archive"):
        source.pages[0].read()


def test_a_member_larger_than_any_page_is_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path / "ch.cbz", {"1.png": bytes(1_000_401), "2.png": page(2), "x.bin": bytes(1_000_401)})
    with open_source(path, InputConfig(max_pixels=100)) as source:
        with pytest.raises(PageError, match=r"1\.png: 1000401 bytes are more than a page"):
            source.pages[0].read()
        assert source.extras() == ()


def test_names_of_a_zip_that_are_no_utf_8(tmp_path: Path) -> None:
    path = zipped(tmp_path / "ch.cbz", {"AAAA1.png": page(1), "BBBBBB2.png": page(2)})
    data = path.read_bytes().replace(b"AAAA", "頁".encode("cp932") * 2).replace(b"BBBBBB", "頁頁".encode())
    path.write_bytes(data)
    with open_source(path, CFG) as source:
        assert len(source.pages) == 2
        assert [one.read() for one in source.pages if one.name == "頁頁2.png"] == [page(2)]
        assert all(one.stem.isprintable() for one in source.pages)


@pytest.mark.skipif(os.name != "posix" or os.uname().sysname == "Darwin", reason="file names are Unicode here")
def test_file_names_that_are_no_utf_8(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode("頁".encode("cp932") + b".png")).write_bytes(page(1))
    with open_source(tmp_path, CFG) as source:
        source.pages[0].name.encode()
        source.pages[0].stem.encode()
        assert source.pages[0].read() == page(1)


def test_names_cannot_play_tricks_on_a_terminal(tmp_path: Path) -> None:
    path = zipped(tmp_path / "ch.cbz", {"a\x1b[2J1.png": page(1), "全角\u3000空白.png": page(2)})
    with open_source(path, CFG) as source:
        assert names(source) == ["a\\x1b[2J1.png", "全角\u3000空白.png"]
        assert stems(source) == ["a_x1b[2J1", "全角\u3000空白"]


def folder(path: Path, *files: str) -> Path:
    for name in files:
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(page())
    return path


def test_a_folder_in_natural_order_without_litter(tmp_path: Path) -> None:
    litter = ("._1.png", ".hidden.png", "Thumbs.db", "notes.txt", "sub/0.png", "__MACOSX/1.png")
    folder(tmp_path / "ch01", "10.jpg", "9.webp", "1.AVIF", "ComicInfo.xml", *litter)
    with open_source(tmp_path / "ch01", CFG) as source:
        assert source.title == "ch01"
        assert names(source) == ["1.AVIF", "9.webp", "10.jpg"]
        assert [name for name, _ in source.extras()] == ["ComicInfo.xml"]
        (tmp_path / "ch01" / "9.webp").unlink()
        with pytest.raises(PageError, match=r"9\.webp: cannot be read"):
            source.pages[1].read()


def test_one_picture(tmp_path: Path) -> None:
    with open_source(folder(tmp_path, "a.b.png") / "a.b.png", CFG) as source:
        assert (source.title, names(source), stems(source)) == ("a.b", ["a.b.png"], ["a.b"])
        assert source.pages[0].read() == page()


def test_what_is_no_chapter_says_so(tmp_path: Path) -> None:
    def refused(name: str, message: str, data: bytes | None = None) -> None:
        if data is not None:
            (tmp_path / name).write_bytes(data)
        with pytest.raises(InputError, match=message):
            open_source(tmp_path / name, CFG)

    refused("gone", "gone: there is no such file or folder")
    refused("empty.cbz", r"empty\.cbz: the file is empty; copy or download it again", b"")
    refused("web.cbz", r"web\.cbz: damaged, or no archive at all", b"<html></html>")
    refused("a.docx", r"a\.docx: no folder, picture, archive or PDF; known are \.7z, \.avif, ", b"hello")
    (tmp_path / "bare").mkdir()
    refused("bare", "there are no pages in it; known are")
    folder(tmp_path / "series", "ch01/1.png")
    refused("series", "to clean the chapters in its folders, add --recursive")
    folder(tmp_path / "shelf", "ch01.cbz")
    (tmp_path / "shelf" / "notes.txt").write_bytes(b"")
    refused("shelf", "it holds archives: give one of them, or add --recursive")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["001.jpg", "001.png"], ["001", "001-png"]),
        (["a.png", "A.jpg"], ["A", "a-png"]),
        (["ch01/001.jpg", "ch02/001.jpg", "ch02/002.jpg"], ["ch01_001", "ch02_001", "002"]),
        (["ch01/001.jpg", "ch01/001.png"], ["ch01_001", "ch01_001-png"]),
        (["x/ch01_1.png", "ch01/1.png", "ch02/1.png"], ["ch01_1", "ch02_1", "ch01_1-png"]),
        (["ab:c?.png", "CON.png", "end. .png"], ["ab_c_", "CON_", "end"]),
        (["が.png", "\u304b\u3099.jpg"], None),
    ],
)
def test_every_page_has_a_stem_of_its_own(tmp_path: Path, given: list[str], expected: list[str] | None) -> None:
    first = zipped(tmp_path / "a.zip", {name: page() for name in given})
    second = zipped(tmp_path / "b.zip", {name: page() for name in reversed(given)})
    with open_source(first, CFG) as source, open_source(second, CFG) as other:
        if expected is not None:
            assert stems(source) == expected
        assert (names(source), stems(source)) == (names(other), stems(other))
        assert len({stem.casefold() for stem in stems(source)}) == len(given)
        changed = [one.name for one in source.pages if one.name.rpartition("/")[2].rpartition(".")[0] != one.stem]
        assert [note.split(" is written as")[0] for note in source.notes] == changed


def test_a_stem_leaves_room_for_what_is_added_to_it(tmp_path: Path) -> None:
    long = "頁" * 80
    with open_source(zipped(tmp_path / "a.zip", {f"{long}1.png": page(), f"{long}2.png": page()}), CFG) as source:
        first, second = stems(source)
        assert first != second
        assert max(len(first.encode()), len(second.encode())) <= 150
        assert first.startswith("頁頁頁")


def test_chapters_of_a_series(tmp_path: Path) -> None:
    series = folder(
        tmp_path / "series", "ch10/1.png", "ch2/1.png", "ch2/extra/1.jpg", "b.cbz", "cover.jpg", "x/notes.txt"
    )
    folder(series / "ch2-cleaned", "manifest.json", "cleaned/1.png", "masks/1.png", "ch2.cbz")
    folder(series, ".trash/1.png", "__MACOSX/1.png")
    found = [chapter.relative_to(tmp_path).as_posix() for chapter in chapters(series, recursive=True)]
    assert found == ["series", "series/b.cbz", "series/ch2", "series/ch2/extra", "series/ch10"]
    assert chapters(series) == [series]
    assert chapters(series / "b.cbz", recursive=True) == [series / "b.cbz"]


def test_a_series_without_chapters(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no folder with pages and no archive at any depth"):
        chapters(tmp_path, recursive=True)
    with pytest.raises(InputError, match="no such file or folder"):
        chapters(tmp_path / "gone", recursive=True)


def drawn_pdf(path: Path, draw: Callable[[Canvas], object]) -> Path:
    canvas = Canvas(str(path), pagesize=(300, 400))
    draw(canvas)
    canvas.save()
    return path


def picture_file(tmp_path: Path, name: str, mode: str = "RGB") -> str:
    picture = Pillow.linear_gradient("L").resize((300, 400)).convert(mode)
    picture.save(tmp_path / name)
    return str(tmp_path / name)


@pytest.fixture
def pdf(tmp_path: Path) -> Iterator[Source]:
    """A JPEG that fills its page, a lossless picture that does, one with text beside it, and a page of text alone."""

    def draw(canvas: Canvas) -> None:
        canvas.drawImage(picture_file(tmp_path, "a.jpg"), 0, 0, 300, 400)
        canvas.showPage()
        canvas.drawImage(picture_file(tmp_path, "b.png", "L"), 0, 0, 300, 400)
        canvas.showPage()
        canvas.drawImage(picture_file(tmp_path, "c.jpg"), 50, 50, 100, 100)
        canvas.drawString(100, 300, "text")
        canvas.showPage()
        canvas.drawString(100, 300, "afterword")

    with open_source(drawn_pdf(tmp_path / "ch.pdf", draw), InputConfig(pdf_dpi=144)) as source:
        yield source


def test_pages_of_a_pdf(pdf: Source, tmp_path: Path) -> None:
    assert names(pdf) == ["001.jpg", "002.png", "003.png", "004.png"]
    assert pdf.notes == ("2 of 4 pages are more than one picture, and were drawn at 144 dpi (input.pdf_dpi)",)
    assert pdf.pages[0].read() == (tmp_path / "a.jpg").read_bytes()
    lossless = images.load(pdf.pages[1].read(), "002.png")
    assert lossless.look.mode == "L"
    assert (lossless.image == images.load((tmp_path / "b.png").read_bytes(), "b").image).all()
    for number in (2, 3):
        drawn = images.load(pdf.pages[number].read(), "p")
        assert drawn.image.shape == (800, 600, 3)
        assert drawn.image.min() < 128
        assert [round(dpi) for dpi in drawn.look.dpi or ()] == [144, 144]


def test_a_pdf_without_pictures(tmp_path: Path) -> None:
    path = drawn_pdf(tmp_path / "novel.pdf", lambda canvas: canvas.drawString(100, 300, "text"))
    with pytest.raises(InputError, match=r"novel\.pdf: no page of this PDF holds a picture"):
        open_source(path, CFG)


def test_a_pdf_page_that_would_be_drawn_too_large(tmp_path: Path) -> None:
    def draw(canvas: Canvas) -> None:
        canvas.drawImage(picture_file(tmp_path, "c.jpg"), 50, 50, 100, 100)
        canvas.drawString(100, 300, "text")

    path = drawn_pdf(tmp_path / "ch.pdf", draw)
    message = r"833 × 1111 px is more than input\.max_pixels = 50000; lower input\.pdf_dpi"
    with open_source(path, InputConfig(max_pixels=50_000)) as source, pytest.raises(PageError, match=message):
        source.pages[0].read()


def test_a_pdf_with_a_password(tmp_path: Path) -> None:
    from reportlab.lib.pdfencrypt import StandardEncryption

    canvas = Canvas(str(tmp_path / "ch.pdf"), encrypt=StandardEncryption("secret", strength=128))
    canvas.drawString(100, 300, "text")
    canvas.save()
    with pytest.raises(InputError, match=r"ch\.pdf: protected by a password; save a copy without one"):
        open_source(tmp_path / "ch.pdf", CFG)


def test_a_damaged_pdf(tmp_path: Path) -> None:
    (tmp_path / "ch.pdf").write_bytes(b"%PDF-1.4\nnothing more")
    with pytest.raises(InputError, match=r"ch\.pdf: damaged PDF"):
        open_source(tmp_path / "ch.pdf", CFG)


def test_nothing_is_written_where_the_program_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    for make, name in ((zipped, "ch.cbz"), (tarred, "ch.cbt")):
        with open_source(make(tmp_path / name, MEMBERS), CFG) as source:
            assert [one.read() for one in source.pages] == [page(9), page(10)]
    assert list((tmp_path / "here").iterdir()) == []
