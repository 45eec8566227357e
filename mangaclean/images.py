"""Pages as pictures: loaded to RGB, and given back in the mode, profile and resolution they came in."""

import io
import logging
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mangaclean import palettes, pixels
from mangaclean.errors import PageError
from mangaclean.types import Image, Mask

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

log = logging.getLogger(__name__)

SUFFIXES = {"png": ".png", "webp": ".webp", "jpg": ".jpg"}
# What `same` writes: the page's own format where it can hold the page again, else PNG.
SAME = {"PNG": "png", "JPEG": "jpg", "MPO": "jpg", "WEBP": "webp", "TIFF": "tiff", "BMP": "bmp", "GIF": "gif"}
LONGEST = {"webp": 16383, "jpg": 65500, "gif": 65535}  # sides that a format can hold, px
ORIENTATION = 0x0112
# TIFF keeps how its pixels lie among its EXIF tags; only what is said about the page may go on with it.
SPOKEN = frozenset({0x010E, 0x010F, 0x0110, 0x0131, 0x0132, 0x013B, 0x8298})
TURNS = {2: 0, 3: 3, 4: 1, 5: 5, 6: 4, 7: 6, 8: 2}  # EXIF orientation → PIL.Image.Transpose

_opening = threading.Lock()


@dataclass(frozen=True, slots=True)
class Look:
    """What is needed to give a page back as it came."""

    mode: str  # 1, L, LA, P, RGB or RGBA
    format: str
    icc_profile: bytes | None = None
    dpi: tuple[float, float] | None = None
    exif: bytes | None = None  # without orientation, which is applied
    alpha: NDArray[np.uint8] | None = None  # (H, W)
    hidden: Image | None = None  # (H, W, 3), the colours under `alpha`
    indices: palettes.Indices | None = None
    palette: palettes.Palette | None = None
    tables: dict[int, list[int]] | None = None  # JPEG quantisation
    subsampling: int = 0
    lossless: bool = False  # WebP


@dataclass(frozen=True, slots=True)
class Loaded:
    """A page: (H, W, 3) RGB, how it looked on disk, and what had to be converted."""

    image: Image
    look: Look
    notes: tuple[str, ...]


def load(data: bytes, name: str, max_pixels: int = 300_000_000) -> Loaded:
    """Read a page. EXIF orientation is applied; transparency is laid over white. PageError says what is wrong."""
    from PIL import UnidentifiedImageError

    if not data:
        raise PageError(f"{name}: the file is empty; copy or download it again")
    try:
        with _opened(data) as picture:
            _check_size(picture, name, max_pixels)
            return _decoded(picture, data)
    except UnidentifiedImageError:
        raise PageError(
            f"{name}: this is no picture, or of no known format{_guess(data)}; copy or download it again"
        ) from None
    except PageError:
        raise
    except MemoryError:
        raise PageError(f"{name}: memory is too small for it; try --workers 1") from None
    except Exception as error:  # broken files make decoders raise nearly anything
        raise PageError(f"{name}: damaged or cut short ({error}); copy or download it again") from error


def _check_size(picture: "Picture", name: str, max_pixels: int) -> None:
    width, height = picture.size
    if width * height > max_pixels:
        raise PageError(
            f"{name}: {width} × {height} px is more than input.max_pixels = {max_pixels}; "
            "if the page is genuine, raise that limit"
        )


@contextmanager
def _opened(data: bytes) -> "Iterator[Picture]":
    """A picture whose size is known and whose pixels are not decoded yet."""
    from PIL import Image as Pillow

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # odd metadata is no matter
        with _opening:  # Pillow's own limit is global, and lower than ours
            limit, Pillow.MAX_IMAGE_PIXELS = Pillow.MAX_IMAGE_PIXELS, None
            try:
                picture = Pillow.open(io.BytesIO(data))
            finally:
                Pillow.MAX_IMAGE_PIXELS = limit
        with picture:
            yield picture


def _decoded(picture: "Picture", data: bytes) -> Loaded:
    frames = int(getattr(picture, "n_frames", 1))
    notes = [f"{frames} frames: the first is used"] if frames > 1 else []
    picture.load()
    if pixels.deep(picture, data):
        notes.append("16-bit page converted to 8 bit")
    info, form = dict(picture.info), picture.format or ""
    encoding = _encoding(picture, data)
    picture, exif, swapped = _upright(picture, notes)
    dpi = _dpi(info.get("dpi"))
    picture, profile, note = pixels.plain(picture, info.get("icc_profile"))
    notes += [note] if note else []
    if "transparency" in picture.info and picture.mode in ("1", "L", "RGB"):  # one colour that counts as transparent
        picture = picture.convert("RGBA" if picture.mode == "RGB" else "LA")
    alpha = hidden = indices = palette = None
    if picture.mode == "P":
        indices, palette = palettes.read(picture)
        image = palettes.over_white(palette[:, :3], palette[:, 3])[indices]
    elif picture.mode in ("RGBA", "LA"):
        alpha = np.array(picture.getchannel("A"))
        hidden = np.array(picture.convert("RGBA"))[..., :3]
        image = palettes.over_white(hidden, alpha)
    else:
        image = np.array(picture.convert("RGB"))
    look = Look(
        picture.mode, form, profile, dpi[::-1] if dpi and swapped else dpi, exif, alpha, hidden, indices, palette,
        **encoding,
    )  # fmt: skip
    return Loaded(image, look, tuple(notes))


def _encoding(picture: "Picture", data: bytes) -> dict[str, Any]:
    """How hard a page was compressed, so that `same` does not make it worse, or larger."""
    if picture.format in ("JPEG", "MPO") and picture.mode in ("L", "RGB"):
        from PIL import JpegImagePlugin

        tables = getattr(picture, "quantization", {})
        if tables and all(0 < step < 256 for table in tables.values() for step in table):
            return {"tables": tables, "subsampling": max(JpegImagePlugin.get_sampling(picture), 0)}
    return {"lossless": picture.format == "WEBP" and _lossless(data)}


def _lossless(webp: bytes) -> bool:
    place = 12
    while place + 8 <= len(webp):
        if (mark := webp[place : place + 4]) in (b"VP8 ", b"VP8L"):
            return mark == b"VP8L"
        size = int.from_bytes(webp[place + 4 : place + 8], "little")
        place += 8 + size + size % 2
    return False


def _upright(picture: "Picture", notes: list[str]) -> tuple["Picture", bytes | None, bool]:
    """A picture turned as its EXIF data asks, those data without that, and whether width and height changed places."""
    from PIL.Image import Transpose

    try:
        exif = picture.getexif()
        orientation = exif.pop(ORIENTATION, 1)
        if picture.format == "TIFF":
            for tag in set(exif) - SPOKEN:
                del exif[tag]
        kept = exif.tobytes() if len(exif) else None
    except Exception:  # EXIF data are written by all kinds of programs; a page is worth more than they are
        notes.append("damaged EXIF data left out")
        return picture, None, False
    if orientation not in TURNS:
        return picture, kept, False
    return picture.transpose(Transpose(TURNS[orientation])), kept, orientation >= 5


def _dpi(dpi: Any) -> tuple[float, float] | None:
    with suppress(TypeError, ValueError, ZeroDivisionError):
        across, down = (float(value) for value in dpi)
        if 0 < across < 65535 and 0 < down < 65535:  # what a JPEG can say
            return across, down
    return None


def _guess(data: bytes) -> str:
    head = data[:512].lstrip().lower()
    if head.startswith((b"<!doctype", b"<html")):
        return "; it is a web page: the download went wrong"
    return "; it is text" if all(9 <= byte < 127 for byte in head) else ""


def suffix(look: Look, to: str) -> str:
    """The suffix of a cleaned page: `to` is png, webp, jpg or same."""
    if to == "same":
        return "." + SAME.get(look.format, "png")
    return SUFFIXES[to]


def dump(image: Image, look: Look, to: str = "png", quality: int = 95) -> bytes:
    """Write a page (H, W, 3) in the mode, profile and resolution of `look`. Unchanged pixels come out unchanged.

    Painted pixels become opaque, but white ones beside what is clear, which are clear, too; the others keep their
    transparency and what lies under it. The same page gives the same bytes. PageError where the format cannot hold the
    page.
    """
    kind = suffix(look, to)[1:]
    if max(image.shape[:2]) > LONGEST.get(kind, max(image.shape[:2])):
        raise PageError(f"a page of {image.shape[1]} × {image.shape[0]} px is too long for {kind}; choose png")
    picture = _as_before(image, look)
    options: dict[str, Any] = {"icc_profile": look.icc_profile, "exif": look.exif, "dpi": look.dpi}
    if kind == "png":
        options["compress_level"] = 2  # higher levels take half as long again and more, for six per cent less
    elif kind == "jpg":
        picture = picture if picture.mode in ("L", "RGB") else _opaque(image, picture.mode)
        options |= {"quality": quality, "subsampling": 0, "optimize": True}
        if to == "same" and look.tables and picture.mode == look.mode:
            options |= {"qtables": look.tables, "subsampling": look.subsampling}
            del options["quality"]
        if look.exif and len(look.exif) > 65_000:  # one segment
            del options["exif"]
    elif kind == "webp":
        picture = picture.convert("RGBA" if picture.has_transparency_data else "RGB")
        options |= {"quality": quality, "lossless": to == "same" and look.lossless}
        del options["dpi"]
    elif kind == "tiff":
        options["compression"] = "tiff_lzw"
    else:
        del options["exif"]
        if isinstance(clear := picture.info.get("transparency"), bytes):
            picture.info["transparency"] = clear.find(0)  # GIF knows one transparent colour
    if look.icc_profile and look.icc_profile[16:20] == b"GRAY" and picture.mode not in ("1", "L", "LA"):
        del options["icc_profile"]
    options = {key: value for key, value in options.items() if value is not None}
    out = io.BytesIO()
    picture.save(out, {"jpg": "JPEG"}.get(kind, kind.upper()), **options)
    return out.getvalue()


def _as_before(image: Image, look: Look) -> "Picture":
    from PIL import Image as Pillow

    alpha, hidden = look.alpha, look.hidden
    if look.indices is not None and look.palette is not None:
        picture = palettes.again(image, look.indices, look.palette)
        if picture:
            return picture
        log.info("the colours painted do not fit into the palette of 256: the page is written as RGB")
        if (look.palette[:, 3] < 255).any():
            hidden, alpha = look.palette[look.indices][..., :3], look.palette[look.indices][..., 3]
    if alpha is None or hidden is None:
        return _opaque(image, look.mode)
    painted = (image != palettes.over_white(hidden, alpha)).any(2)
    colours = np.where(painted[..., None], image, hidden)
    cover = np.where(painted, np.uint8(255), alpha)
    cover[palettes.cleared(image, painted, alpha)] = 0
    bands = Pillow.fromarray(colours).convert("L" if look.mode == "LA" else "RGB").split()
    return Pillow.merge("LA" if look.mode == "LA" else "RGBA", (*bands, Pillow.fromarray(cover)))


def _opaque(image: Image, mode: str) -> "Picture":
    from PIL import Image as Pillow

    picture = Pillow.fromarray(image)
    if mode == "1":
        return picture.convert("L").point([0] * 128 + [255] * 128, "1")
    return picture.convert("L") if mode in ("L", "LA") else picture


def load_mask(data: bytes, name: str, size: tuple[int, int]) -> Mask:
    """A mask from a picture of any mode, light and opaque = erase. `size` is (width, height), the page's."""
    try:
        with _opened(data) as picture:
            if picture.size == size:
                seen, _, _ = pixels.plain(picture, None)
                # An editor's clear background may be white underneath.
                grey, alpha = (np.asarray(band, np.uint16) for band in seen.convert("RGBA").convert("LA").split())
                return np.asarray(grey * alpha // 255 > 127)
            wrong = f"{picture.size[0]} × {picture.size[1]}"
    except Exception as error:  # a person may have left anything here
        raise PageError(f"mask {name}: cannot be read ({error}); delete it to have it made again") from error
    raise PageError(f"mask {name}: {wrong} px, but the page has {size[0]} × {size[1]}; delete it or give it that size")


def dump_mask(mask: Mask) -> bytes:
    """An 8-bit PNG, white = erase."""
    from PIL import Image as Pillow

    out = io.BytesIO()
    Pillow.fromarray(mask.astype(np.uint8) * 255).save(out, "PNG", compress_level=3)
    return out.getvalue()
