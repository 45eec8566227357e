"""Files: written whole or not at all, known by their digests, listed in natural order."""

import contextlib
import hashlib
import os
import threading
from collections.abc import Iterable
from pathlib import Path

from mangaclean.errors import OutputError

TEMPORARY = ".mangaclean-tmp"


def write(path: Path, data: bytes) -> None:
    """Write a file atomically: beside it, synced, then renamed. OutputError where that cannot be done."""
    # Named by a digest, as a name near the longest that a file may have leaves no room for more.
    label = hashlib.sha256(os.fsencode(path.name)).hexdigest()[:16]
    temp = path.with_name(f".{label}.{os.getpid()}-{threading.get_ident()}{TEMPORARY}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temp.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temp.replace(path)
    except BaseException as error:
        with contextlib.suppress(OSError):
            temp.unlink(missing_ok=True)
        if not isinstance(error, OSError):
            raise
        raise OutputError(
            f"cannot write {path}: {error.strerror or error}; check free space and permissions, "
            "then run the same command again: it goes on where it stopped"
        ) from error


def sweep(folder: Path) -> None:
    """Remove what a killed run left half written below a folder."""
    for path in folder.rglob(f".*{TEMPORARY}"):
        with contextlib.suppress(OSError):
            path.unlink()


def digest(data: bytes | Path) -> str:
    """SHA-256 of bytes, or of a file's content, in hexadecimal."""
    if isinstance(data, bytes):
        return hashlib.sha256(data).hexdigest()
    with data.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def natural_order(names: Iterable[str]) -> list[str]:
    """Sorted as people do: page2 before page10, folder by folder; the same everywhere, whatever the locale."""
    from natsort import natsorted, ns

    # Sorted first: names that differ in case alone count as equal, and would keep the order they came in.
    return natsorted(sorted(names), alg=ns.PATH | ns.IGNORECASE)
