"""What `mangaclean export` does: chapters found with their sources, made into books, and told."""

import logging
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from mangaclean import books, chapter, manifest
from mangaclean.archives import Source, open_source
from mangaclean.config import Config
from mangaclean.errors import Exit, InputError, MangacleanError, UsageError

if TYPE_CHECKING:
    from mangaclean.export import Book

log = logging.getLogger(__name__)


def export(
    paths: Sequence[Path],
    out: Path | None,
    config: Config,
    *,
    join: str = "",
    force: bool = False,
) -> int:
    """Make books of chapters that were cleaned, each by itself, or with `join` all as one of that title.

    `paths` are folders that runs left, or the chapters that they were made from; `out` is where the books go.
    """
    from mangaclean.export import check, joined

    if len({path.resolve() for path in paths}) < len(paths):
        raise UsageError("a chapter is named twice; name each of them once")
    with ExitStack() as stack:
        volumes: list[tuple[Book, Path]] = []
        sources: list[Source] = []
        for path in paths:
            folder, origin = _found(path, out)
            stack.enter_context(chapter.locked(folder))
            state = manifest.load(folder)
            source = _opened(stack, folder, origin or books.origin(folder, state), config)
            book = books.forced(books.assemble(source, folder, config, state), force)
            volumes.append((book, out or folder))
            sources += [source] if source else []
        if join:
            volumes = [(joined(join, [book for book, _ in volumes]), out or volumes[0][1].parent)]
        tasks = [
            (book, name, books.place(book.title, name, folder))
            for book, folder in volumes
            for name in config.output.export
        ]
        books.unlike([path for _, _, path in tasks])
        for path in (path for _, _, path in tasks):
            for source in sources:
                books.guard(path, source.path)
        for book, name, path in tasks:
            books.write(book, name, path)
            print(path)
            if note := check(name).note:
                print(f"note: {note}")
    return int(Exit.OK)


def _found(path: Path, out: Path | None) -> tuple[Path, Path | None]:
    """The folder that a run left, and the chapter if that was named."""
    if (path / manifest.NAME).is_file():
        return path, None
    folders = [out, chapter.destination(path)] if out else [chapter.destination(path)]
    for folder in folders:
        if (folder / manifest.NAME).is_file():
            return folder, path
    raise InputError(f"{folders[-1]}: not cleaned yet; run `mangaclean chapter {path}` first")


def _opened(stack: ExitStack, folder: Path, path: Path | None, config: Config) -> Source | None:
    """The chapter's source; None with a warning where it cannot be had, as most books can do without."""
    try:
        if path is not None:
            return stack.enter_context(open_source(path, config.input))
        log.warning("%s: the chapter that it was made from is not there; books hold what lies in the folder", folder)
    except MangacleanError as error:
        log.warning("%s; books hold what lies in %s", error, folder)
    return None
