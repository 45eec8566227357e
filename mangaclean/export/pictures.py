"""A page's picture as a PDF holds it: JPEG and PNG data taken over as they are, all else decoded."""

import hashlib
import io
import logging
import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import IO, Any, BinaryIO

from mangaclean.export import Leaf

log = logging.getLogger(__name__)

DPI = 150.0  # where a picture does not say, or says something absurd: 1200 px make 20 cm
SENSIBLE = (40.0, 2400.0)
LONGEST = 14_400.0  # points; readers refuse longer pages
PNG = b"\x89PNG\r\n\x1a\n"

Info = Mapping[Any, Any]  # what Pillow knows of a picture: dpi, profile, …


@dataclass(frozen=True, slots=True)
class Picture:
    """An image as a PDF holds it: `data` under `filters`, in `space` with `bits` for each of its `channels`."""

    width: int
    height: int
    dpi: tuple[float, float]
    channels: int
    bits: int
    filter: str
    data: bytes
    predictor: bool = False  # rows are filtered as in PNG
    palette: bytes = b""
    icc: bytes = b""
    points: tuple[float, float] = field(init=False)

    def __post_init__(self) -> None:
        size = (self.width * 72 / self.dpi[0], self.height * 72 / self.dpi[1])
        scale = min(1.0, LONGEST / max(size))
        object.__setattr__(self, "points", (max(size[0] * scale, 3.0), max(size[1] * scale, 3.0)))


def picture(leaf: Leaf) -> Picture | None:
    """The leaf as PDF data: taken over where PDF knows the format, else decoded. None if it cannot be read."""
    import warnings

    from PIL import Image, ImageOps

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # the limit was kept when it was read in
            with Image.open(io.BytesIO(leaf.data)) as image:
                upright = image.getexif().get(0x0112, 1) == 1
                if image.format == "JPEG" and upright and image.mode in ("L", "RGB"):
                    channels = len(image.getbands())
                    icc = _profile(image.info, channels)
                    return Picture(*image.size, _dpi(image.info), channels, 8, "DCTDecode", leaf.data, icc=icc)
                if image.format == "PNG" and upright and (taken := _png(leaf.data, image)):
                    return taken
                info = dict(image.info)
                return _decoded(ImageOps.exif_transpose(image), info)
    except (OSError, ValueError, SyntaxError, struct.error, Image.DecompressionBombError) as error:
        log.debug("%s: %s", leaf.name, error)
        return None


def _decoded(image: Any, info: Info) -> Picture:
    from PIL import Image

    if image.mode == "1":
        bits, channels, data = 1, 1, image.tobytes()
    else:
        if "A" in image.getbands() or "transparency" in image.info:
            paper = Image.new("RGBA", image.size, "white")
            paper.alpha_composite(image.convert("RGBA"))
            image = paper.convert("L" if image.mode in ("LA", "La", "L") else "RGB")
        grey = image.mode in ("L", "I;16", "I", "F")
        image = image.convert("L" if grey else "RGB")
        bits, channels, data = 8, len(image.getbands()), image.tobytes()
    icc = _profile(info, channels)
    width, height = image.size
    return Picture(width, height, _dpi(info), channels, bits, "FlateDecode", zlib.compress(data, 6), icc=icc)


def _png(data: bytes, image: Any) -> Picture | None:
    """A PNG whose compressed rows a PDF can hold as they are: no alpha, not interlaced, at most 8 bits."""
    chunks = list(_chunks(data))
    width, height, bits, kind, _, _, interlaced = struct.unpack(">IIBBBBB", chunks[0][1])
    names = {name for name, _ in chunks}
    if kind not in (0, 2, 3) or bits > 8 or interlaced or b"tRNS" in names or b"IEND" not in names:
        return None
    channels = 1 if kind == 0 else 3
    rows = b"".join(body for name, body in chunks if name == b"IDAT")
    palette = next((body for name, body in chunks if name == b"PLTE"), b"") if kind == 3 else b""
    icc = _profile(image.info, channels)
    return Picture(width, height, _dpi(image.info), channels, bits, "FlateDecode", rows, True, palette, icc)


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(PNG)
    while at + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        body = data[at + 8 : at + 8 + length]
        (crc,) = struct.unpack_from(">I", data, at + 8 + length)
        if zlib.crc32(data[at + 4 : at + 8 + length]) != crc:
            raise ValueError("a damaged PNG")
        yield data[at + 4 : at + 8], body
        at += 12 + length


def _dpi(info: Info) -> tuple[float, float]:
    try:
        x, y = (float(value) for value in info.get("dpi", ()))
    except (TypeError, ValueError):
        return DPI, DPI
    return (x, y) if all(SENSIBLE[0] <= value <= SENSIBLE[1] for value in (x, y)) else (DPI, DPI)


def _profile(info: Info, channels: int) -> bytes:
    """The picture's ICC profile if it describes such channels; a wrong one makes pages unreadable."""
    icc = info.get("icc_profile") or b""
    return icc if isinstance(icc, bytes) and icc[16:20] == {1: b"GRAY", 3: b"RGB "}[channels] else b""


def place(
    canvas: Any,
    picture: Picture,
    name: str,
    box: tuple[float, float, float, float],
    file: BinaryIO,
    spool: IO[bytes],
) -> None:
    """Draw into a box (x, y, width, height) in points, through `spool` into `file`, which the canvas writes to.

    Goes past `drawImage`, which would decode every picture and make 8 bits of 1.
    """
    from reportlab.pdfbase import pdfdoc

    document = canvas._doc
    space = pdfdoc.PDFName({1: "DeviceGray", 3: "DeviceRGB"}[picture.channels])
    if picture.icc:
        # Pages of one chapter mostly share one profile
        key = f"icc{hashlib.sha256(picture.icc).hexdigest()[:16]}"
        if key not in document.idToObject:
            profile = pdfdoc.PDFStream(content=zlib.compress(picture.icc))
            profile.dictionary["N"] = picture.channels
            profile.dictionary["Filter"] = pdfdoc.PDFName("FlateDecode")
            document.Reference(profile, key)
        space = pdfdoc.PDFArray([pdfdoc.PDFName("ICCBased"), pdfdoc.PDFObjectReference(key)])
    if picture.palette:
        table = pdfdoc.PDFStream(content=picture.palette, filters=[])
        space = pdfdoc.PDFArray(
            [
                pdfdoc.PDFName("Indexed"),
                space,
                len(picture.palette) // 3 - 1,
                document.Reference(table, f"table.{name}"),
            ]
        )
    image = _spooled(picture.data, file, spool)
    entries: dict[str, Any] = {
        "Type": pdfdoc.PDFName("XObject"),
        "Subtype": pdfdoc.PDFName("Image"),
        "Width": picture.width,
        "Height": picture.height,
        "BitsPerComponent": picture.bits,
        "ColorSpace": space,
        "Filter": pdfdoc.PDFName(picture.filter),
    }
    if picture.predictor:
        entries["DecodeParms"] = pdfdoc.PDFDictionary(
            {
                "Predictor": 15,
                "Colors": 1 if picture.palette else picture.channels,
                "BitsPerComponent": picture.bits,
                "Columns": picture.width,
            }
        )
    for key, value in entries.items():
        image.dictionary[key] = value
    canvas._setXObjects(image)
    document.addForm(name, image)
    x, y, width, height = box
    canvas.saveState()
    canvas.translate(x, y)
    canvas.scale(width, height)
    canvas._code.append(f"/{document.getXObjectName(name)} Do")
    canvas.restoreState()
    canvas._formsinuse.append(name)


def _spooled(data: bytes, file: BinaryIO, spool: IO[bytes]) -> Any:
    """A stream that waits in `spool`, and on saving goes into `file` with all that was formatted before it.

    reportlab collects a whole file in memory, twice; so a book of any size needs the memory of one page.
    """
    from reportlab.pdfbase import pdfdoc

    start = spool.seek(0, io.SEEK_END)
    spool.write(data)
    length = len(data)

    class Spooled(pdfdoc.PDFStream):  # type: ignore[misc]
        def format(self, document: Any) -> bytes:
            collected = document.__accum__
            file.writelines(collected.strings)
            collected.strings.clear()
            collected.write = file.write
            spool.seek(start)
            self.content = spool.read(length)
            formatted: bytes = super().format(document)
            self.content = b""
            return formatted

    return Spooled()
