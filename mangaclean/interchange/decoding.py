"""The bytes of a file that a translator sent, as text or JSON; errors say what is wrong and where."""

import json
from typing import Any

from mangaclean.errors import InputError


def to_text(data: bytes, where: str) -> str:
    """UTF-8 with or without a byte order mark, or UTF-16 with one; lines end in LF."""
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return data.decode(encoding).replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise InputError(f"{where}: not UTF-8 (byte {error.start}); save it as UTF-8, then import it again") from error


def to_json(data: bytes, where: str) -> dict[str, Any]:
    """A JSON object."""
    try:
        raw = json.loads(to_text(data, where))
    except json.JSONDecodeError as error:
        raise InputError(
            f"{where}, line {error.lineno}, column {error.colno}: not valid JSON ({error.msg}); mend it there"
        ) from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{where}: not valid JSON ({error})") from error
    if not isinstance(raw, dict):
        raise InputError(f"{where}: holds no JSON object; is it the right file?")
    return raw


def dump(value: object) -> bytes:
    """JSON as tools write it: UTF-8 without a byte order mark."""
    return (json.dumps(value, ensure_ascii=False, indent=1) + "\n").encode(errors="replace")
