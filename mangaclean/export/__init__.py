"""Books made of cleaned pages: what an exporter gets, and the exporters by name."""

import contextlib
import difflib
import importlib
import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Literal, Protocol, cast

from mangaclean.errors import InputError, OutputError, PageError, UsageError
from mangaclean.files import TEMPORARY

log = logging.getLogger(__name__)

# name, which is also the suffix of the file → "module:function"
EXPORTERS = {
    "cbz": "mangaclean.export.cbz:write",
    "pdf": "mangaclean.export.pdf:write",
}


class Readable(Protocol):
    """A page of the source, wherever it lies."""

    def read(self) -> bytes: ...


@dataclass(frozen=True, slots=True)
class BookPage:
    """A page: its name in the source (with folders, by /), the cleaned file, and the page as it was.

    Where `cleaned` is None or missing, the original goes into the book.
    """

    name: str
    cleaned: Path | None
    original: Readable | Path


@dataclass(frozen=True, slots=True)
class Book:
    """What goes into one file: pages in order, and other members of the source such as ComicInfo.xml."""

    title: str
    pages: tuple[BookPage, ...]
    extras: tuple[tuple[str, bytes], ...] = ()
    direction: Literal["rtl", "ltr", "ttb"] = "rtl"


@dataclass(frozen=True, slots=True)
class Leaf:
    """A page as it goes into a book: its name in the source, the suffix of its format, and its file's bytes."""

    name: str
    suffix: str
    stem: str
    data: bytes


class Exporter(Protocol):
    """Writes `book` to the file `dest`, whole or not at all."""

    def __call__(self, book: Book, dest: Path) -> None: ...


def load(name: str) -> Exporter:
    """The exporter of that name. UsageError if there is none."""
    if name not in EXPORTERS:
        near = difflib.get_close_matches(name, EXPORTERS, 1)
        hint = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(sorted(EXPORTERS))}"
        raise UsageError(f"unknown export: {name!r}; {hint}")
    module, _, function = EXPORTERS[name].partition(":")
    return cast(Exporter, getattr(importlib.import_module(module), function))


def leaves(book: Book) -> Iterator[Leaf]:
    """The pages' bytes, one at a time; pages that were not cleaned stand in their original form, with a warning."""
    for page in book.pages:
        original = PurePosixPath(page.name)
        try:
            if page.cleaned is not None:
                yield Leaf(page.name, page.cleaned.suffix.lower(), page.cleaned.stem, page.cleaned.read_bytes())
                continue
        except FileNotFoundError:
            pass
        except OSError as error:
            raise OutputError(
                f"cannot read {page.cleaned}: {error.strerror or error}; check its permissions"
            ) from error
        try:
            data = _read(page.name, page.original)
        except PageError as error:
            log.warning("%s; the book %r goes without this page", error, book.title)
            continue
        log.warning("%s was not cleaned: the book %r holds the original page", page.name, book.title)
        yield Leaf(page.name, original.suffix.lower(), original.stem, data)


def _read(name: str, original: Readable | Path) -> bytes:
    try:
        return original.read_bytes() if isinstance(original, Path) else original.read()
    except OSError as error:
        raise InputError(f"cannot read {name}: {error.strerror or error}; is the source still there?") from error


@contextlib.contextmanager
def placed(dest: Path) -> Iterator[BinaryIO]:
    """A file to write that takes its place at `dest` when all went well, and is gone otherwise.

    Books may be larger than memory, so they are written piece by piece. OutputError if the file cannot be written.
    """
    temp = dest.with_name(f".{dest.name}.{os.getpid()}{TEMPORARY}")
    try:
        try:
            with temp.open("wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            temp.replace(dest)
        except OSError as error:
            raise OutputError(
                f"cannot write {dest}: {error.strerror or error}; check free space and permissions, "
                "or close the program that has the file open"
            ) from error
    finally:
        temp.unlink(missing_ok=True)
