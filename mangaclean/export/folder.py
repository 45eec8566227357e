"""A plain folder of finished pages."""

import logging
from pathlib import Path

from mangaclean import files
from mangaclean.export import Book, leaves
from mangaclean.export.names import Names

log = logging.getLogger(__name__)


def write(book: Book, dest: Path) -> None:
    """Write the pages into the folder `dest`, in folders as the source has them. Other files there stay, with a note.

    OutputError if a file cannot be written.
    """
    before = {path.relative_to(dest).as_posix() for path in dest.rglob("*") if path.is_file()}
    used = Names()
    for leaf in leaves(book):
        name = used.page(leaf)
        if name not in before or (dest / name).read_bytes() != leaf.data:
            files.write(dest / name, leaf.data)
    if others := sorted(name for name in before if name not in used and not name.startswith(".")):
        more = f" and {len(others) - 3} more" if len(others) > 3 else ""
        log.warning("%s: also holds %s%s, which the book does not; they stay", dest, ", ".join(others[:3]), more)
