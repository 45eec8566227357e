"""Texts within files that mark things by how a line begins: lines of a text that look like a mark are guarded."""

import re

# Unlike a space no tool takes it away, and unlike a backslash nobody sees it on a page
JOINER = "\u2060"


def unbroken(text: str) -> str:
    """With every kind of line break as LF."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def guard(text: str, mark: str) -> str:
    """`text` with a word joiner before lines that are blank, or that begin with `mark` (a pattern)."""
    if not text:
        return ""
    special = _special(mark)
    return "\n".join(JOINER + line if special.match(line) else line for line in unbroken(text).split("\n"))


def unguard(lines: list[str], mark: str) -> str:
    """The text in these lines of a file; undoes `guard`, and leaves out blank lines before and behind it."""
    while lines and not lines[0].strip():
        lines = lines[1:]
    while lines and not lines[-1].strip():
        lines = lines[:-1]
    special = _special(mark)
    return "\n".join(line[1:] if line[:1] == JOINER and special.match(line) else line for line in lines)


def _special(mark: str) -> re.Pattern[str]:
    return re.compile(rf"{JOINER}*\s*(?:$|{mark})")
