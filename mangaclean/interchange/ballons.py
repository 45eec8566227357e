"""A project of BallonsTranslator: `imgtrans_FOLDER.json` in the folder of the pages."""

from typing import Any

from mangaclean.errors import InputError
from mangaclean.interchange import Entry, Volume, in_order, quads, to_box
from mangaclean.interchange.decoding import dump, to_json
from mangaclean.textmodels import RegionModel, TextFile


def write(text: TextFile, volume: Volume) -> bytes:
    """Blocks with what versions before and after `fontformat` read; BallonsTranslator fills in the rest itself."""
    pages = {page.page: [_block(region, text.language) for region in in_order(page)] for page in text.pages}
    return dump({"directory": "", "pages": pages, "current_img": next(iter(pages), None)})


def _block(region: RegionModel, language: str) -> dict[str, Any]:
    left, top, right, bottom = region.box
    ink, rim = _rgb(region.color), _rgb(region.outline or "#000000")
    colors = dict(zip(("fg_r", "fg_g", "fg_b", "bg_r", "bg_g", "bg_b"), ink + rim, strict=True))
    return {
        "id": region.id,
        "xyxy": [left, top, right, bottom],
        "lines": quads(region),
        "language": "ja" if language == "ja" else "eng" if language == "en" else "unknown",
        "vertical": region.vertical,
        "src_is_vertical": region.vertical,
        "font_size": region.font_size,
        "_detected_font_size": region.font_size,
        "angle": round(region.angle),
        "text": region.text.split("\n"),
        "translation": region.translation,
        "_bounding_rect": [left, top, right - left, bottom - top],
        **colors,
        "accumulate_color": False,
        "fontformat": {"font_size": region.font_size, "vertical": region.vertical, "frgb": ink, "srgb": rim},
    }


def _rgb(color: str) -> list[int]:
    try:
        return list(bytes.fromhex(color.removeprefix("#"))[:3].ljust(3, b"\0"))
    except ValueError:
        return [0, 0, 0]


def read(data: bytes, where: str) -> list[Entry]:
    """The blocks of all pages; a project that BallonsTranslator saved has boxes, and no ids any more."""
    raw = to_json(data, where)
    try:
        return [
            Entry(
                str(page),
                number,
                str(block.get("translation") or ""),
                str(block.get("id") or ""),
                to_box(block["xyxy"]),
            )
            for page, blocks in raw["pages"].items()
            for number, block in enumerate(blocks, 1)
        ]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(
            f"{where}: not as BallonsTranslator writes it ({error!r}); give the imgtrans_….json of the project"
        ) from error
