"""Books made of finished pages: what an exporter gets, and the exporters by name."""

import contextlib
import importlib
import logging
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, BinaryIO, Literal, NamedTuple, Protocol, cast

from mangaclean.config import ExportConfig
from mangaclean.errors import InputError, OutputError, PageError, UsageError, did_you_mean
from mangaclean.files import TEMPORARY
from mangaclean.types import Region

if TYPE_CHECKING:
    from mangaclean.setting import Piece

log = logging.getLogger(__name__)


class Format(NamedTuple):
    """How a book of a format is named after its title, whether that is a folder of files, and "module:function".

    `note` is what people have to know who asked for it.
    """

    ending: str
    folder: bool
    function: str
    note: str = ""


PIXELS = (
    "texts are layers of pixels, named by their words; for live text in Photoshop, take `mangaclean text export` "
    "--format labelplus and its script"
)


EXPORTERS = {
    "cbz": Format(".cbz", False, "mangaclean.export.cbz:write"),
    "pdf": Format(".pdf", False, "mangaclean.export.pdf:write"),
    "epub": Format(".epub", False, "mangaclean.export.epub:write"),
    "proof": Format("-proof.pdf", False, "mangaclean.export.proof:write"),
    "psd": Format("-psd", True, "mangaclean.export.psd:write", PIXELS),
    "ora": Format("-ora", True, "mangaclean.export.ora:write", PIXELS),
    "folder": Format("-pages", True, "mangaclean.export.folder:write"),
}


class Readable(Protocol):
    """A page of the source, wherever it lies."""

    def read(self) -> bytes: ...


def _no_pieces() -> "tuple[Piece, ...]":
    return ()


@dataclass(frozen=True, slots=True)
class BookPage:
    """A page: its name in the source (with folders, by /), the file that goes into books, and the page as it was.

    Where `picture` is None or missing, the original goes in. `typeset` says that the picture shows the translations.
    `cleaned` and `mask` are files as well; `pieces` sets the translations, for layers.
    """

    name: str
    picture: Path | None
    original: Readable | Path
    regions: tuple[Region, ...] = ()
    typeset: bool = False
    cleaned: Path | None = None
    mask: Path | None = None
    pieces: "Callable[[], tuple[Piece, ...]]" = _no_pieces
    chapter: str = ""


@dataclass(frozen=True, slots=True)
class Book:
    """What goes into one file: pages in order, and other members of the source such as ComicInfo.xml.

    `language` is what the pages show, `source_language` what the regions' `text` is in. `force` lets an exporter
    replace files that a person may have worked in.
    """

    title: str
    pages: tuple[BookPage, ...]
    extras: tuple[tuple[str, bytes], ...] = ()
    direction: Literal["rtl", "ltr", "ttb"] = "rtl"
    language: str = ""
    source_language: str = ""
    settings: ExportConfig = field(default_factory=ExportConfig)
    force: bool = False


@dataclass(frozen=True, slots=True)
class Leaf:
    """A page as it goes into a book: its name in the source, the suffix of its format, and its file's bytes."""

    name: str
    suffix: str
    stem: str
    data: bytes
    page: BookPage


class Exporter(Protocol):
    """Writes `book` to the file or folder `dest`, each file whole or not at all."""

    def __call__(self, book: Book, dest: Path) -> None: ...


def check(name: str) -> Format:
    """The format of that name. UsageError if there is none."""
    if name not in EXPORTERS:
        raise UsageError(f"unknown export: {did_you_mean(name, EXPORTERS)}")
    return EXPORTERS[name]


def load(name: str) -> Exporter:
    """The exporter of that name. UsageError if there is none."""
    module, _, function = check(name).function.partition(":")
    return cast(Exporter, getattr(importlib.import_module(module), function))


def joined(title: str, books: "list[Book]") -> Book:
    """Several chapters as one book: each in a folder of its own, so that their pages stay in order and apart."""
    pages = []
    for number, book in enumerate(books, 1):
        folder = f"{number:0{len(str(len(books)))}} {book.title}"
        pages += [replace(page, name=f"{folder}/{page.name}", chapter=book.title) for page in book.pages]
    return replace(books[0], title=title, pages=tuple(pages), extras=())


def leaves(book: Book) -> Iterator[Leaf]:
    """The pages' bytes, one at a time; pages that were not cleaned stand in their original form, with a warning."""
    for page in book.pages:
        leaf = _leaf(page, book.title)
        if leaf is None:
            continue
        if book.settings.quality:
            from mangaclean.export.recoding import smaller

            suffix, data = smaller(leaf.suffix, leaf.data, book.settings.quality)
            leaf = replace(leaf, suffix=suffix, data=data)
        yield leaf


def _leaf(page: BookPage, title: str) -> Leaf | None:
    original = PurePosixPath(page.name)
    try:
        if page.picture is not None:
            return Leaf(page.name, page.picture.suffix.lower(), page.picture.stem, page.picture.read_bytes(), page)
    except FileNotFoundError:
        pass
    except OSError as error:
        raise OutputError(f"cannot read {page.picture}: {error.strerror or error}; check its permissions") from error
    try:
        data = read(page)
    except PageError as error:
        log.warning("%s; the book %r goes without this page", error, title)
        return None
    log.warning("%s was not cleaned: the book %r holds the original page", page.name, title)
    return Leaf(page.name, original.suffix.lower(), original.stem, data, page)


def read(page: BookPage) -> bytes:
    """The page as it was. PageError where it cannot be had, InputError where the source has gone meanwhile."""
    try:
        return page.original.read_bytes() if isinstance(page.original, Path) else page.original.read()
    except OSError as error:
        raise InputError(f"cannot read {page.name}: {error.strerror or error}; is the source still there?") from error


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
