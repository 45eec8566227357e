"""text.json and the state files of regions: reading them, writing them, merging what a person changed."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NoReturn

from pydantic import ValidationError

from mangaclean.errors import InputError
from mangaclean.textmerge import merge, merge_page
from mangaclean.textmodels import (
    VERSION,
    LineModel,
    PageModel,
    RegionModel,
    TextFile,
    assign_ids,
    region_id,
    to_model,
    to_page,
    to_region,
)
from mangaclean.types import Direction, Region

__all__ = [
    "VERSION",
    "Direction",
    "LineModel",
    "PageModel",
    "RegionModel",
    "TextFile",
    "assign_ids",
    "dump",
    "dump_regions",
    "load",
    "load_regions",
    "load_state",
    "merge",
    "merge_page",
    "parse",
    "region_id",
    "to_model",
    "to_page",
    "to_region",
]


def dump_regions(
    page: str,
    regions: Iterable[Region],
    page_size: tuple[int, int],
    direction: Direction = "rtl",
    language: str = "ja",
) -> bytes:
    """A stage's state file: the regions of one page as the program made them, in the form of text.json."""
    return dump(TextFile(direction=direction, language=language, pages=[to_page(page, page_size, regions)]))


def load_regions(data: bytes, where: str = "state file") -> tuple[Region, ...]:
    """The regions of a state file. InputError if it is broken or of a newer version."""
    return tuple(to_region(model) for model in load_state(data, where).regions)


def load_state(data: bytes, where: str = "state file") -> PageModel:
    """The page of a state file, which `merge_page` takes as base."""
    pages = parse(data, where).pages
    if len(pages) != 1:
        raise InputError(f"{where}: holds {len(pages)} pages instead of one; delete it, the next run makes it anew")
    return pages[0]


def load(path: Path) -> TextFile:
    """Read text.json. A file that a person broke is an InputError that says where; it is never overwritten."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(
            f"cannot read {path}: {error.strerror or error}; check the file and its permissions"
        ) from error
    return parse(data, str(path))


def parse(data: bytes, where: str) -> TextFile:
    """The models in `data`; `where` names the file in errors."""
    try:
        raw = json.loads(data.decode("utf-8-sig"), parse_constant=_no_constant)
    except UnicodeDecodeError as error:
        raise InputError(f"{where}: not UTF-8 (byte {error.start}); save it as UTF-8, then run again") from error
    except json.JSONDecodeError as error:
        raise InputError(
            f"{where}, line {error.lineno}, column {error.colno}: not valid JSON ({error.msg}); "
            "mend it there and run again (the file was left as it is)"
        ) from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{where}: not valid JSON ({error}); mend it and run again") from error
    version = raw.get("version", VERSION) if isinstance(raw, dict) else None
    if isinstance(version, int) and version > VERSION:
        raise InputError(
            f"{where}: has version {version}, this program knows {VERSION}; update mangaclean, or move the file away"
        )
    try:
        return TextFile.model_validate(raw)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise InputError(
            f"{where}: {_place(raw, first['loc'])}: {first['msg']}; mend it and run again (the file was left as it is)"
        ) from error


def dump(textfile: TextFile) -> bytes:
    """UTF-8 JSON for people: one field a line, a list of numbers or a line of lettering in one line."""
    text = _write(textfile.model_dump(), "") + "\n"
    return text.encode(errors="replace")  # JSON can spell half a character (\\ud83d), UTF-8 cannot


_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode


def _write(value: Any, indent: str) -> str:
    inner = indent + " "
    if isinstance(value, str):
        return _encode(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)  # the encoder has a quick way for strings only
    if isinstance(value, dict) and value and ("polygon" not in value or "box" in value):  # else a line of lettering
        items = ",".join([f"\n{inner}{_encode(key)}: {_write(item, inner)}" for key, item in value.items()])
        return f"{{{items}\n{indent}}}"
    if isinstance(value, list) and value and isinstance(value[0], dict):
        items = ",".join([f"\n{inner}{_write(item, inner)}" for item in value])
        return f"[{items}\n{indent}]"
    return _encode(value)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number")


def _place(raw: Any, loc: tuple[int | str, ...]) -> str:
    """Where an error lies, in the words of the file: `page 001.jpg, region 2 (001-1a2f), kind`."""
    words: list[str] = []
    nouns = {"pages": ("page", "page"), "regions": ("region", "id"), "lines": ("line", "")}
    at, noun = raw, ("", "")
    for step in loc:
        if isinstance(step, int) and isinstance(at, list) and step < len(at) and noun[0]:
            at = at[step]
            name = at.get(noun[1], "") if isinstance(at, dict) else ""
            words.append(f"{noun[0]} {step + 1}" + (f" ({name})" if name else ""))
        else:
            at = at.get(step) if isinstance(at, dict) else None
            noun = nouns.get(str(step), ("", ""))
            if not noun[0]:
                words.append(str(step))
    return ", ".join(words) or "the file"
