"""Pages of a PDF: the picture that fills a page as it lies there, else the page drawn."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mangaclean.config import InputConfig
from mangaclean.errors import InputError

FILLS = 0.9  # share of the page from which a picture is the page


def read(path: Path, cfg: InputConfig) -> dict[str, Callable[[], bytes]]:
    """The pages by name, each with a function that gives its picture's bytes. InputError where there are none."""
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(path)
    except pypdfium2.PdfiumError as error:
        if "password" in str(error).lower():
            raise InputError(f"{path}: protected by a password; save a copy without one") from error
        raise InputError(f"{path}: damaged PDF ({error}); copy or download it again") from error
    digits = max(len(str(len(document))), 3)
    pages: dict[str, Callable[[], bytes]] = {}
    for number in range(len(document)):
        pictures = _pictures(document[number])
        if pictures:
            ending = ".jpg" if _fills(document[number], pictures) and _is_jpeg(pictures[0]) else ".png"
            name = f"{number + 1:0{digits}}{ending}"
            pages[name] = _picture(document, number, cfg.pdf_dpi)
    if not pages:
        raise InputError(f"{path}: no page of this PDF holds a picture")
    return pages


def _picture(document: Any, number: int, dpi: int) -> Callable[[], bytes]:
    def fetch() -> bytes:
        page = document[number]
        own = _own(page, _pictures(page))
        if own:
            return own
        out = io.BytesIO()
        page.render(scale=dpi / 72).to_pil().convert("RGB").save(out, "PNG", compress_level=1, dpi=(dpi, dpi))
        return out.getvalue()

    return fetch


def _pictures(page: Any) -> list[Any]:
    import pypdfium2.raw

    return list(page.get_objects(filter=[pypdfium2.raw.FPDF_PAGEOBJ_IMAGE]))


def _fills(page: Any, pictures: list[Any]) -> bool:
    """Whether a page is one upright picture and nothing else."""
    if len(pictures) != 1 or page.get_rotation() or len(list(page.get_objects())) > 1:
        return False
    left, bottom, right, top = pictures[0].get_bounds()
    width, height = page.get_size()
    a, b, c, d = pictures[0].get_matrix().get()[:4]
    return bool((right - left) * (top - bottom) >= FILLS * width * height and not b and not c and a > 0 and d > 0)


def _is_jpeg(picture: Any) -> bool:
    return list(picture.get_filters())[-1:] == ["DCTDecode"]


def _own(page: Any, pictures: list[Any]) -> bytes | None:
    """The bytes of the one picture that fills a page; None where the page has to be drawn."""
    if not _fills(page, pictures):
        return None
    if _is_jpeg(pictures[0]):
        return bytes(pictures[0].get_data(decode_simple=True))
    out = io.BytesIO()
    pictures[0].get_bitmap().to_pil().save(out, "PNG", compress_level=1)
    return out.getvalue()
