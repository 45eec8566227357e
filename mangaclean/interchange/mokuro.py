"""`.mokuro`, as mokuro leaves it beside a volume and its readers show it; translations travel in a key of their own."""

import uuid
from typing import Any

from mangaclean import wording
from mangaclean.errors import InputError
from mangaclean.interchange import Entry, Volume, corners, in_order, quads, to_box
from mangaclean.interchange.decoding import dump, to_json
from mangaclean.textmodels import RegionModel, TextFile

VERSION = "0.2.2"  # the version of mokuro whose layout this is


def write(text: TextFile, volume: Volume) -> bytes:
    """`lines` hold the source text, which readers show. The same names give the same ids: readers keep their place."""
    title_id = uuid.uuid5(uuid.NAMESPACE_URL, f"mangaclean:{volume.title}")
    return dump(
        {
            "version": VERSION,
            "title": volume.title,
            "title_uuid": str(title_id),
            "volume": volume.volume,
            "volume_uuid": str(uuid.uuid5(title_id, volume.volume)),
            "pages": [
                {
                    "version": VERSION,
                    "img_width": page.width,
                    "img_height": page.height,
                    "blocks": [_block(region, text.language) for region in in_order(page)],
                    "img_path": page.page,
                }
                for page in text.pages
            ],
        }
    )


def _block(region: RegionModel, language: str) -> dict[str, Any]:
    lines, places = _lines(region, language)
    return {
        "box": list(region.box),
        "vertical": region.vertical,
        "font_size": region.font_size,
        "lines_coords": places,
        "lines": lines,
        "id": region.id,
        "kind": region.kind,
        "translation": region.translation,
    }


def _lines(region: RegionModel, language: str) -> tuple[list[str], list[list[list[int]]]]:
    """Lines and their places, as many of each; a text that a person corrected is divided as it is written."""
    read = [line.text for line in region.lines]
    if not read or wording.normal(wording.joined(read, language), language) != region.text:
        read = region.text.split("\n")
        if len(read) != len(region.lines):
            return [region.text], [corners(region)]
        return read, quads(region)
    return [wording.normal(line, language) for line in read], quads(region)


def read(data: bytes, where: str) -> list[Entry]:
    """The blocks with their translations. InputError where no block has that key: mokuro itself knows none."""
    raw = to_json(data, where)
    entries: list[Entry] = []
    told = False
    try:
        for page in raw["pages"]:
            size = int(page["img_width"]), int(page["img_height"])
            for number, block in enumerate(page["blocks"], 1):
                told |= "translation" in block
                entry = Entry(
                    str(page["img_path"]),
                    number,
                    str(block.get("translation") or ""),
                    str(block.get("id") or ""),
                    to_box(block["box"]),
                    size=size,
                )
                entries.append(entry)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise InputError(f"{where}: not as mokuro writes it ({error!r}); is it the right file?") from error
    if entries and not told:
        raise InputError(
            f"{where}: holds the source text and no translations; they belong in `translation` of each block, "
            "where `mangaclean text export --format mokuro` puts them"
        )
    return entries
