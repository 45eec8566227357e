"""What lies in a watch folder: its chapters, and how to see that one has changed."""

import hashlib
import logging
import os
from dataclasses import dataclass
from pathlib import Path

from mangaclean.pagenames import BOOKS, PAGES

logger = logging.getLogger(__name__)

# What browsers, downloaders and copying programs call a file that is not there yet
PARTIAL = (".part", ".partial", ".crdownload", ".download", ".tmp", ".temp", ".filepart", ".aria2", ".!qb", ".!ut")
# What file managers and network drives leave lying about
LITTER = frozenset({"thumbs.db", "desktop.ini", "@eadir", "#recycle", "__macosx", "lost+found"})


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A chapter from outside: `signature` of its files' names, sizes and times, and when the youngest `changed`."""

    signature: str
    changed: float


def ignored(name: str) -> bool:
    """Whether a file or folder is hidden, litter, or not wholly there yet."""
    return name.startswith((".", "~$")) or name.endswith("~") or name.lower() in LITTER or _partial(name)


def look(inbox: Path) -> dict[str, Snapshot]:
    """The folders with pages, archives and PDFs that lie directly in `inbox`: name → snapshot."""
    found = {}
    for path in sorted(inbox.iterdir()):
        try:
            if is_chapter(path):
                found[path.name] = snapshot(path)
        except OSError as error:
            # Taken away this moment, a link to nowhere, or not ours to read: the others go on.
            logger.debug("%s cannot be looked at: %s", path, error)
    return found


def is_chapter(path: Path) -> bool:
    if ignored(path.name):
        return False
    if path.is_dir():
        return any(file.suffix.lower() in PAGES for file in _files(path))
    # An empty file is the place that a browser keeps for a download.
    return path.suffix.lower() in BOOKS and path.stat().st_size > 0


def strays(inbox: Path) -> dict[str, str]:
    """What somebody may take for a chapter, and why it is none: name → reason."""
    found = {}
    for path in sorted(inbox.iterdir()):
        if ignored(path.name):
            continue
        if path.is_dir() and not is_chapter(path) and any(not ignored(inside.name) for inside in path.iterdir()):
            found[path.name] = "holds no pages itself; put each chapter directly into the watch folder"
        elif path.is_file() and path.suffix.lower() in PAGES:
            found[path.name] = "is a loose page; put the pages of a chapter into a folder of their own"
    return found


def snapshot(chapter: Path) -> Snapshot:
    """What the chapter looks like now; parts of files that are being fetched count too, as they show that it grows."""
    if chapter.is_dir():
        files = sorted(chapter.iterdir())
    else:
        files = sorted(path for path in chapter.parent.iterdir() if _is_of(path.name, chapter.name))
    lines, changed = [], 0.0
    for path in files:
        if ignored(path.name) and not _partial(path.name):
            continue
        stat = path.stat()
        lines.append(f"{path.name}\0{stat.st_size}\0{stat.st_mtime_ns}")
        # The change time tells of a file that was just copied here with its old time of modification.
        changed = max(changed, stat.st_mtime, stat.st_ctime)
    return Snapshot(hashlib.sha256("\n".join(lines).encode(errors="surrogateescape")).hexdigest(), changed)


def content(chapter: Path) -> str:
    """A digest of the bytes of the chapter's files, whatever their times."""
    whole = hashlib.sha256()
    for path in _files(chapter) if chapter.is_dir() else [chapter]:
        with path.open("rb") as file:
            name = path.name if chapter.is_dir() else ""
            whole.update(os.fsencode(name) + b"\0" + hashlib.file_digest(file, "sha256").digest())
    return whole.hexdigest()


def _files(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.iterdir()) if not ignored(path.name) and path.is_file()]


def _partial(name: str) -> bool:
    return name.lower().endswith(PARTIAL)


def _is_of(name: str, book: str) -> bool:
    return name == book or (_partial(name) and name.startswith(book))
