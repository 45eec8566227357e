"""Text in XML files of office programs: what XML cannot hold is written as Excel does it, _x000B_."""

import re

# What looks like an escape already is escaped, too
_ILLEGAL = re.compile(r"[\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")
_ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")


def escaped(text: str) -> str:
    """`text` without what XML cannot hold."""
    return _ILLEGAL.sub(lambda match: f"_x{ord(match[0]):04X}_", text)


def unescaped(text: str) -> str:
    """Undoes `escaped`."""
    return _ESCAPE.sub(lambda match: chr(int(match[1], 16)), text)
