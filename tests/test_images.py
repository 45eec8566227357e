import io
import struct
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image as Pillow
from PIL import ImageCms, features

from mangaclean import images
from mangaclean.errors import PageError

SIZE = (48, 36)


def noise(channels: int, seed: int = 1) -> Any:
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (SIZE[1], SIZE[0], channels) if channels > 1 else SIZE[::-1], np.uint8)


def saved(picture: Pillow.Image, form: str = "PNG", **options: Any) -> bytes:
    out = io.BytesIO()
    picture.save(out, form, **options)
    return out.getvalue()


def opened(data: bytes) -> Pillow.Image:
    picture = Pillow.open(io.BytesIO(data))
    picture.load()
    return picture


def srgb() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def palette_page(entries: int = 200, clear: int | None = None) -> Pillow.Image:
    picture = Pillow.fromarray((np.arange(SIZE[0] * SIZE[1]) % entries).astype(np.uint8).reshape(SIZE[::-1]))
    # Entry n is (n, 2n, 3n): no two are alike.
    picture.putpalette(bytes(value % 256 for n in range(entries) for value in (n, 2 * n, 3 * n)))
    if clear is not None:
        picture.info["transparency"] = clear
    return picture


def one_bit() -> Pillow.Image:
    return Pillow.fromarray(noise(1) > 127)


PAGES: dict[str, Callable[[], Pillow.Image]] = {
    "1": one_bit,
    "L": lambda: Pillow.fromarray(noise(1)),
    "LA": lambda: Pillow.merge("LA", (Pillow.fromarray(noise(1)), Pillow.fromarray(noise(1, 2)))),
    "P": palette_page,
    "RGB": lambda: Pillow.fromarray(noise(3)),
    "RGBA": lambda: Pillow.fromarray(noise(4)),
}


@pytest.mark.parametrize("mode", PAGES)
@pytest.mark.parametrize("form", ["PNG", "TIFF"])
def test_an_untouched_page_comes_back_bit_for_bit(mode: str, form: str) -> None:
    picture = PAGES[mode]()
    loaded = images.load(saved(picture, form), "p", 10_000)
    assert loaded.notes == ()
    assert loaded.image.shape == (SIZE[1], SIZE[0], 3)
    assert loaded.image.dtype == np.uint8
    for to in ("png", "same"):
        back = opened(images.dump(loaded.image, loaded.look, to))
        assert back.mode == mode
        assert back.format == (form if to == "same" else "PNG")
        assert np.array_equal(np.asarray(back), np.asarray(picture))
        if mode == "P":
            assert (back.getpalette() or [])[:600] == picture.getpalette()  # TIFF fills it up to 256


@pytest.mark.parametrize("mode", PAGES)
def test_the_same_page_gives_the_same_bytes(mode: str) -> None:
    data = saved(PAGES[mode]())
    first, second = images.load(data, "p"), images.load(data, "p")
    assert images.dump(first.image, first.look) == images.dump(second.image, second.look)


@pytest.mark.parametrize("mode", PAGES)
def test_painted_pixels_are_seen_and_the_others_stay(mode: str) -> None:
    picture = PAGES[mode]()
    loaded = images.load(saved(picture), "p")
    painted = loaded.image.copy()
    painted[5:15, 10:20] = 255
    data = images.dump(painted, loaded.look)
    back = opened(data)
    assert back.mode == mode
    assert np.array_equal(images.load(data, "p").image, painted)
    before, after = np.asarray(picture.convert("RGBA")).copy(), np.asarray(back.convert("RGBA")).copy()
    before[5:15, 10:20] = after[5:15, 10:20] = 0
    assert np.array_equal(before, after)


def test_transparent_pixels_look_white_and_keep_what_lies_under_them() -> None:
    pixels = noise(4)
    pixels[..., 3] = 0
    pixels[0, 0] = (10, 20, 30, 128)
    loaded = images.load(saved(Pillow.fromarray(pixels)), "p")
    assert loaded.image[0, 0].tolist() == [132, 137, 142]
    assert (loaded.image[1:] == 255).all()
    painted = loaded.image.copy()
    painted[20, 20] = (1, 2, 3)
    back = np.asarray(opened(images.dump(painted, loaded.look)))
    assert back[20, 20].tolist() == [1, 2, 3, 255]
    pixels[20, 20] = back[20, 20]
    assert np.array_equal(back, pixels)


def lettered_sheet() -> NDArray[np.uint8]:
    """(60, 90, 4): black letters on clear ground at the left, on an opaque white patch at the right."""
    sheet = np.zeros((60, 90, 4), np.uint8)
    sheet[10:50, 50:85] = 255
    for left in (12, 60):
        sheet[20:40, left : left + 4] = sheet[28:32, left : left + 16] = (0, 0, 0, 255)
    return sheet


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_lettering_on_clear_ground_leaves_no_white_cut_out(mode: str) -> None:
    sheet = lettered_sheet()
    if mode == "P":  # 0 clear, 1 white, 2 black
        numbers = np.where(sheet[..., 3] == 0, 0, np.where(sheet[..., 0] == 255, 1, 2)).astype(np.uint8)
        picture = Pillow.fromarray(numbers)
        picture.putpalette([255, 255, 255, 255, 255, 255, 0, 0, 0])
        data = saved(picture, transparency=0)
    else:
        data = saved(Pillow.fromarray(sheet).convert(mode))
    loaded = images.load(data, "p")
    painted = loaded.image.copy()
    painted[15:45] = 255
    back = opened(images.dump(painted, loaded.look))
    assert back.mode == mode
    cover = np.asarray(back.convert("RGBA"))[..., 3]
    assert not cover[:, :45].any()  # the letters are as clear as what they stood on
    assert (cover[10:50, 50:85] == 255).all()  # and paper stays paper


def test_palette_pages_keep_a_transparent_entry() -> None:
    picture = palette_page(20, clear=3)
    loaded = images.load(saved(picture, transparency=3), "p")
    assert (loaded.image[0, 3] == 255).all()
    painted = loaded.image.copy()
    painted[0, 3] = (9, 9, 9)
    back = opened(images.dump(painted, loaded.look))
    assert back.mode == "P"
    pixels = np.asarray(back.convert("RGBA"))
    assert pixels[0, 3].tolist() == [9, 9, 9, 255]
    assert pixels[0, 23].tolist() == [3, 6, 9, 0]


def test_a_gif_with_transparency_stays_one() -> None:
    loaded = images.load(saved(palette_page(20, clear=3), "GIF", transparency=3), "p")
    painted = loaded.image.copy()
    painted[0, 0] = (200, 1, 2)
    data = images.dump(painted, loaded.look, "same")
    assert images.suffix(loaded.look, "same") == ".gif"
    pixels = np.asarray(opened(data).convert("RGBA"))
    assert pixels[0, 0].tolist() == [200, 1, 2, 255]
    assert pixels[0, 3, 3] == 0
    assert pixels[0, 4].tolist() == [4, 8, 12, 255]


def test_new_colours_join_a_palette_that_holds_duplicates() -> None:
    picture = Pillow.fromarray(np.tile(np.array([0, 1, 2], np.uint8), (6, 4)))
    picture.putpalette([0, 0, 0, 0, 0, 0, 255, 255, 255])
    loaded = images.load(saved(picture), "p")
    painted = loaded.image.copy()
    painted[0, :3] = [(10, 0, 0), (0, 20, 0), (0, 0, 30)]
    back = opened(images.dump(painted, loaded.look))
    assert back.mode == "P"
    assert np.array_equal(np.asarray(back.convert("RGB")), painted)


def test_a_full_palette_gives_up_entries_that_no_pixel_uses() -> None:
    picture = palette_page(256)
    pixels = np.asarray(picture).copy()
    pixels[pixels == 7] = 8
    thrifty = Pillow.fromarray(pixels)
    thrifty.putpalette(picture.getpalette())
    loaded = images.load(saved(thrifty), "p")
    painted = loaded.image.copy()
    painted[0, 0] = (255, 255, 254)
    back = opened(images.dump(painted, loaded.look))
    assert back.mode == "P"
    assert np.array_equal(np.asarray(back.convert("RGB")), painted)


@pytest.mark.parametrize(("clear", "mode"), [(None, "RGB"), (3, "RGBA")])
def test_a_palette_too_small_for_the_paint_gives_way(clear: int | None, mode: str) -> None:
    loaded = images.load(saved(palette_page(256, clear), **({} if clear is None else {"transparency": clear})), "p")
    painted = loaded.image.copy()
    painted[10:] = noise(3)[10:]
    back = opened(images.dump(painted, loaded.look))
    assert back.mode == mode
    assert np.array_equal(np.asarray(back.convert("RGB"))[10:], painted[10:])
    if clear:
        assert np.asarray(back)[0, 3].tolist() == [3, 6, 9, 0]


def test_grey_paint_is_taken_by_lightness() -> None:
    loaded = images.load(saved(Pillow.fromarray(noise(1))), "p")
    painted = loaded.image.copy()
    painted[0, 0] = (255, 0, 0)
    assert np.asarray(opened(images.dump(painted, loaded.look)))[0, 0] == 76


def test_profile_resolution_and_exif_stay() -> None:
    exif = Pillow.Exif()
    exif[0x013B] = "Mangaka"
    data = saved(Pillow.fromarray(noise(3)), icc_profile=srgb(), dpi=(300, 300), exif=exif)
    loaded = images.load(data, "p")
    for to in ("png", "jpg", "webp"):
        back = opened(images.dump(loaded.image, loaded.look, to))
        assert back.info["icc_profile"] == srgb()
        assert back.getexif()[0x013B] == "Mangaka"
        if to != "webp":  # which has no place for it
            assert [round(value) for value in back.info["dpi"]] == [300, 300]


def test_a_grey_profile_does_not_go_onto_a_colour_page() -> None:
    grey = bytearray(srgb())
    grey[16:20] = b"GRAY"
    loaded = images.load(saved(Pillow.fromarray(noise(1)), icc_profile=bytes(grey)), "p")
    assert opened(images.dump(loaded.image, loaded.look, "png")).info["icc_profile"] == bytes(grey)
    assert "icc_profile" not in opened(images.dump(loaded.image, loaded.look, "webp")).info


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("form", ["JPEG", "PNG", "TIFF"])
def test_orientation_is_applied_once(orientation: int, form: str) -> None:
    corner = np.full((16, 32, 3), 255, np.uint8)
    corner[:8, :8] = 0
    exif = Pillow.Exif()
    exif[images.ORIENTATION] = orientation
    loaded = images.load(saved(Pillow.fromarray(corner), form, exif=exif, dpi=(100, 200)), "p")
    right, down, turned = {
        1: (0, 0, 0), 2: (1, 0, 0), 3: (1, 1, 0), 4: (0, 1, 0), 5: (0, 0, 1), 6: (1, 0, 1), 7: (1, 1, 1), 8: (0, 1, 1)
    }[orientation]  # fmt: skip
    assert loaded.image.shape[:2] == ((32, 16) if turned else (16, 32))
    assert loaded.image[-4 if down else 3, -4 if right else 3].max() < 40
    assert loaded.image[3 if down else -4, 3 if right else -4].min() > 215
    back = opened(images.dump(loaded.image, loaded.look))
    assert back.getexif().get(images.ORIENTATION, 1) == 1
    assert np.array_equal(np.asarray(back), loaded.image)
    if form != "TIFF":  # Pillow turns those itself, and leaves the resolution
        assert [round(value) for value in back.info["dpi"]] == ([200, 100] if turned else [100, 200])


def test_damaged_exif_costs_nothing_but_itself() -> None:
    page = Pillow.fromarray(noise(3))
    loaded = images.load(saved(page, exif=b"Exif\0\0XX*\0\x08\0\0\0"), "p")
    assert loaded.notes == ("damaged EXIF data left out",)
    assert np.array_equal(loaded.image, np.asarray(page))
    assert images.dump(loaded.image, loaded.look)


def png(depth: int, colour: int, rows: bytes, width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def test_16_bit_grey_becomes_8_bit() -> None:
    values = np.array([[0, 257, 65535], [128, 129, 32768]], ">u2")
    data = png(16, 0, b"".join(b"\0" + row.tobytes() for row in values), 3, 2)
    loaded = images.load(data, "p")
    assert loaded.image[..., 0].tolist() == [[0, 1, 255], [0, 1, 128]]
    assert loaded.notes == ("16-bit page converted to 8 bit",)
    assert opened(images.dump(loaded.image, loaded.look)).mode == "L"


def test_16_bit_colour_becomes_8_bit() -> None:
    values = np.array([[[0, 65535, 32768]]], ">u2")
    loaded = images.load(png(16, 2, b"\0" + values.tobytes(), 1, 1), "p")
    assert loaded.image.tolist() == [[[0, 255, 128]]]
    assert loaded.notes == ("16-bit page converted to 8 bit",)


@pytest.mark.parametrize(
    ("pixels", "white"),
    [
        (np.array([[0.0, 1.0]], np.float32), 1.0),
        (np.array([[0.0, 255.0]], np.float32), 255.0),
        (np.array([[np.nan, 1.0]], np.float32), 1.0),
        (np.array([[-5, 255]], np.int32), 255),
        (np.array([[0, 65535]], np.int32), 65535),
        (np.array([[0, 2_000_000]], np.int32), 2_000_000),
    ],
)
def test_floating_point_and_32_bit_pages_keep_black_and_white(pixels: Any, white: float) -> None:
    loaded = images.load(saved(Pillow.fromarray(pixels), "TIFF"), "p")
    assert loaded.image[0, :, 0].tolist() == [0, 255]
    assert len(loaded.notes) == 1
    assert "converted to 8 bit" in loaded.notes[0]


@pytest.mark.parametrize("mode", ["CMYK", "YCbCr", "LAB"])
def test_other_colours_become_rgb_with_a_note(mode: str) -> None:
    white = Pillow.new("RGB", SIZE, "white")
    picture = Pillow.new("LAB", SIZE, (255, 128, 128)) if mode == "LAB" else white.convert(mode)
    loaded = images.load(saved(picture, "TIFF", icc_profile=b"not a profile"), "p")
    assert loaded.image.min() >= 254
    assert [note.split(" page")[0] for note in loaded.notes] == [mode]
    back = opened(images.dump(loaded.image, loaded.look))
    assert back.mode == "RGB"
    assert "icc_profile" not in back.info


def test_a_cmyk_jpeg_is_no_crash_when_written_as_it_was() -> None:
    loaded = images.load(saved(Pillow.new("CMYK", SIZE, (0, 255, 255, 0)), "JPEG"), "p")
    assert np.abs(loaded.image.astype(int) - (255, 0, 0)).max() < 4
    assert opened(images.dump(loaded.image, loaded.look, "same")).mode == "RGB"


@pytest.mark.parametrize("form", ["GIF", "WEBP", "PNG", "TIFF"])
def test_the_first_of_several_frames_is_used_with_a_note(form: str) -> None:
    first, second = Pillow.new("RGB", SIZE, "red"), Pillow.new("RGB", SIZE, "blue")
    loaded = images.load(saved(first, form, save_all=True, append_images=[second]), "p")
    assert np.abs(loaded.image[0, 0].astype(int) - (255, 0, 0)).max() < 4
    assert loaded.notes == ("2 frames: the first is used",)


@pytest.mark.parametrize("form", ["JPEG", "WEBP", "AVIF", "TIFF", "BMP", "GIF"])
def test_every_format_is_read_and_grey_stays_grey(form: str) -> None:
    if form in ("WEBP", "AVIF") and not features.check(form.lower()):
        pytest.skip(f"Pillow here lacks {form}")
    page = Pillow.linear_gradient("L").resize(SIZE)
    loaded = images.load(saved(page, form), "p")
    assert np.abs(loaded.image[..., 1].astype(int) - np.asarray(page)).max() < 8
    assert loaded.notes == ()
    back = opened(images.dump(loaded.image, loaded.look, "same"))
    # WebP knows colour alone; GIF, palettes; what cannot be written as it was becomes PNG.
    assert (back.format, back.mode) == {
        "JPEG": ("JPEG", "L"), "WEBP": ("WEBP", "RGB"), "AVIF": ("PNG", "L"),
        "TIFF": ("TIFF", "L"), "BMP": ("BMP", "L"), "GIF": ("GIF", "P"),
    }[form]  # fmt: skip


def test_a_jpeg_goes_back_with_its_own_tables() -> None:
    smooth = Pillow.fromarray(noise(3)).resize((96, 72))
    data = saved(smooth, "JPEG", quality=37, subsampling=2)
    loaded = images.load(data, "p")
    back = opened(images.dump(loaded.image, loaded.look, "same"))
    assert back.quantization == opened(data).quantization
    assert opened(images.dump(loaded.image, loaded.look, "jpg", 95)).quantization != back.quantization
    assert images.dump(loaded.image, loaded.look, "same").count(b"\x22\x00") == data.count(b"\x22\x00")


def test_a_lossless_webp_stays_lossless() -> None:
    page = Pillow.fromarray(noise(3))
    loaded = images.load(saved(page, "WEBP", lossless=True, icc_profile=srgb()), "p")
    assert np.array_equal(np.asarray(opened(images.dump(loaded.image, loaded.look, "same"))), np.asarray(page))
    lossy = images.load(saved(page, "WEBP", quality=80), "p")
    assert images._lossless(images.dump(lossy.image, lossy.look, "same")) is False


def test_suffixes() -> None:
    def suffix(form: str, to: str) -> str:
        return images.suffix(images.Look("RGB", form), to)

    assert [suffix("JPEG", to) for to in ("png", "jpg", "webp", "same")] == [".png", ".jpg", ".webp", ".jpg"]
    assert [suffix(form, "same") for form in ("TIFF", "AVIF", "MPO", "BMP")] == [".tiff", ".png", ".jpg", ".bmp"]


@pytest.mark.parametrize("mode", PAGES)
@pytest.mark.parametrize("form", ["jpg", "webp"])
def test_every_mode_can_be_written_as_jpeg_and_webp(mode: str, form: str) -> None:
    loaded = images.load(saved(PAGES[mode]()), "p")
    data = images.dump(np.full_like(loaded.image, 255), loaded.look, form)
    assert opened(data).format == {"jpg": "JPEG", "webp": "WEBP"}[form]
    assert images.load(data, "p").image.min() >= 250


def test_a_page_too_long_for_its_format_says_which_to_take() -> None:
    strip = np.zeros((16_500, 2, 3), np.uint8)
    with pytest.raises(PageError, match="too long for webp; choose png"):
        images.dump(strip, images.Look("RGB", "PNG"), "webp")


def truncated(form: str) -> bytes:
    data = saved(Pillow.fromarray(noise(3)), form)
    return data[: len(data) // 2]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "001.png: the file is empty; copy or download it again"),
        (b"Dear translator,\nhere is the page.\n", "it is text"),
        (b"<!DOCTYPE html><html>403</html>", "it is a web page"),
        (bytes(range(256)), "of no known format; copy or download it again"),
        (truncated("JPEG"), "damaged or cut short"),
        (truncated("PNG"), "damaged or cut short"),
        (truncated("WEBP"), "damaged or cut short|no known format"),
        (b"\x89PNG\r\n\x1a\n", "damaged or cut short|no known format"),
    ],
)
def test_what_is_no_page_says_so(data: bytes, message: str) -> None:
    with pytest.raises(PageError, match=message) as caught:
        images.load(data, "001.png")
    assert str(caught.value).startswith("001.png: ")


@pytest.mark.parametrize("side", [200, 100_000])
def test_a_pixel_bomb_is_refused_before_it_is_decoded(side: int) -> None:
    with pytest.raises(PageError, match=f"{side} × {side} px is more than input.max_pixels = 10000; .* raise"):
        images.load(png(1, 0, b"", side, side), "p", 10_000)


def test_our_own_limit_holds_not_that_of_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Pillow, "MAX_IMAGE_PIXELS", 100)
    data = saved(Pillow.fromarray(noise(1)))
    with pytest.raises(Pillow.DecompressionBombError):
        opened(data)
    assert images.load(data, "p", 2_000).image.shape == (SIZE[1], SIZE[0], 3)
    assert images.load_mask(images.dump_mask(drawn_mask()), "m", SIZE).sum() == 150
    assert Pillow.MAX_IMAGE_PIXELS == 100


def drawn_mask() -> Any:
    mask = np.zeros(SIZE[::-1], bool)
    mask[3:9, 5:30] = True
    return mask


def test_a_mask_survives() -> None:
    data = images.dump_mask(drawn_mask())
    assert opened(data).mode == "L"
    assert opened(data).getcolors() == [(SIZE[0] * SIZE[1] - 150, 0), (150, 255)]
    assert np.array_equal(images.load_mask(data, "m", SIZE), drawn_mask())


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_masks_may_come_in_any_mode(mode: str) -> None:
    grey = Pillow.fromarray(drawn_mask().astype(np.uint8) * 255)
    picture = Pillow.fromarray(drawn_mask().astype(np.uint16) * 65535) if mode == "I;16" else grey.convert(mode)
    assert np.array_equal(images.load_mask(saved(picture), "m", SIZE), drawn_mask())


def test_a_clear_background_is_not_erased_though_white_underneath() -> None:
    pixels = np.full((SIZE[1], SIZE[0], 4), 255, np.uint8)
    pixels[..., 3] = drawn_mask() * 255
    assert np.array_equal(images.load_mask(saved(Pillow.fromarray(pixels)), "m", SIZE), drawn_mask())


def test_a_mask_of_the_wrong_size_or_kind_says_what_to_do() -> None:
    with pytest.raises(PageError, match=r"mask masks/1\.png: 48 × 36 px, but the page has 40 × 40; delete"):
        images.load_mask(images.dump_mask(drawn_mask()), "masks/1.png", (40, 40))
    with pytest.raises(PageError, match=r"cannot be read .* delete it"):
        images.load_mask(b"hello", "m", SIZE)
