"""The headers of a RAR archive, read far enough to tell whether it asks for a password."""

import os
from pathlib import Path
from typing import BinaryIO

# libarchive does not say so for RAR 4: it hands out what is encrypted as if it were the page.

RAR4 = b"Rar!\x1a\x07\x00"
RAR5 = b"Rar!\x1a\x07\x01\x00"


def locked(path: Path) -> bool:
    """Whether headers or a file in an archive are encrypted; False for what is no RAR, or damaged."""
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(0)
        head = file.read(8)
        if head == RAR5:
            return _locked5(file, size)
        return head[:7] == RAR4 and _locked4(file, size)


def _locked4(file: BinaryIO, size: int) -> bool:
    place = len(RAR4)
    while place < size:
        file.seek(place)
        head = file.read(11)
        kind, flags, length = head[2:3], int.from_bytes(head[3:5], "little"), int.from_bytes(head[5:7], "little")
        if (kind == b"\x73" and flags & 0x80) or (kind == b"\x74" and flags & 0x04):
            return True
        if length < 7:
            return False
        # Blocks with this flag are followed by as many bytes of data as they say next.
        place += length + (int.from_bytes(head[7:11], "little") if flags & 0x8000 else 0)
    return False


def _locked5(file: BinaryIO, size: int) -> bool:
    place = len(RAR5)
    while place < size:
        file.seek(place + 4)  # behind the CRC
        lead = file.read(10)
        length, start = _number(lead, 0)
        file.seek(place + 4 + start)
        head = file.read(min(length, 1 << 21))
        kind, at = _number(head, 0)
        flags, at = _number(head, at)
        extra, at = _number(head, at) if flags & 1 else (0, at)
        data, at = _number(head, at) if flags & 2 else (0, at)
        if kind == 4 or (kind == 2 and _encrypted(head[len(head) - extra :] if extra else b"")):
            return True
        if not length:
            return False
        place += 4 + start + length + data
    return False


def _encrypted(extra: bytes) -> bool:
    """Whether there is a record of encryption in the extra area of a file's header."""
    at = 0
    while at < len(extra):
        length, at = _number(extra, at)
        if _number(extra, at)[0] == 1:
            return True
        if not length:
            return False
        at += length
    return False


def _number(data: bytes, at: int) -> tuple[int, int]:
    """An integer of seven bits a byte, and where it ends."""
    value = shift = 0
    for byte in data[at : at + 10]:
        value |= (byte & 127) << shift
        shift, at = shift + 7, at + 1
        if byte < 128:
            break
    return value, at
