"""Books of chapters: which file of a page goes in, what is said about the book, and where it is written."""

import json
import logging
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

from mangaclean import edition, files, manifest, wording
from mangaclean.archives import Source
from mangaclean.config import Config
from mangaclean.errors import OutputError, PageError, UsageError
from mangaclean.manifest import Manifest
from mangaclean.types import Region
from mangaclean.work import mask_name

if TYPE_CHECKING:
    from mangaclean.export import Book, BookPage, Readable
    from mangaclean.setting import Piece
    from mangaclean.textmodels import TextFile

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Lost:
    """A page whose source is not there any more."""

    name: str

    def read(self) -> bytes:
        raise PageError(f"{self.name}: the chapter that it comes from is not there")


def assemble(source: Source | None, out: Path, config: Config, state: Manifest) -> "Book":
    """The book of a chapter that was cleaned into `out`. Without its source, pages that were not cleaned are missing.

    InputError where text.json is broken.
    """
    from mangaclean import textfile
    from mangaclean.export import Book

    text = textfile.load(out / edition.NAME) if (out / edition.NAME).is_file() else None
    setter = _Setter(config, text)
    if source is not None:
        pages = tuple(_page(page.name, page.stem, page, out, state, setter) for page in source.pages)
    else:
        stems = {name: stem for stem, name in state.names.items()}
        ordered = [(name, stems[name]) for name in files.natural_order(stems)]
        pages = tuple(_page(name, stem, _Lost(name), out, state, setter) for name, stem in ordered)
    typeset = any(page.typeset for page in pages)
    if config.export.pages == "typeset" and (waiting := sum(_waits(page) for page in pages)):
        log.warning("%s: %d translated pages are not typeset; run `mangaclean typeset %s` first", out, waiting, out)
    texts = [region.text for page in (text.pages if text else ()) for region in page.regions]
    spoken = wording.commonest(texts, text.language if text else config.ocr.language)
    return Book(
        source.title if source else state.source or out.name,
        pages,
        _extras(source),
        text.direction if text else "rtl",
        config.export.language or (config.typeset.language if typeset else spoken),
        spoken,
        config.export,
    )


def _waits(page: "BookPage") -> bool:
    return not page.typeset and any(region.translation.strip() for region in page.regions)


def _extras(source: Source | None) -> tuple[tuple[str, bytes], ...]:
    try:
        return source.extras() if source else ()
    except PageError as error:
        log.warning("%s; the book goes without it", error)
        return ()


def _page(name: str, stem: str, original: "Readable", out: Path, state: Manifest, setter: "_Setter") -> "BookPage":
    from mangaclean.export import BookPage

    wants_typeset = setter.config.export.pages == "typeset"
    typeset = _made(out, state, stem, "typeset", "typeset/") if wants_typeset else None
    cleaned = _made(out, state, stem, "inpaint", "cleaned/")
    mask = out / mask_name(stem)
    regions = setter.regions.get(name, ())
    return BookPage(
        name,
        typeset or cleaned,
        original,
        regions,
        typeset is not None,
        cleaned,
        mask if mask.is_file() else None,
        partial(setter.pieces, cleaned, regions) if wants_typeset else tuple,
    )


def _made(out: Path, state: Manifest, stem: str, stage: str, folder: str) -> Path | None:
    made = state.record(stem, stage).made
    return next((out / name for name in made if name.startswith(folder) and (out / name).is_file()), None)


class _Setter:
    """Sets pages of one chapter again, region by region, as `mangaclean typeset` does."""

    def __init__(self, config: Config, text: "TextFile | None") -> None:
        from mangaclean import textfile

        self.config = config
        self.regions: Mapping[str, tuple[Region, ...]] = {
            page.page: tuple(textfile.to_region(region) for region in page.regions)
            for page in (text.pages if text else ())
        }

    @cached_property
    def _setting(self) -> "Callable[[Path, tuple[Region, ...]], tuple[Piece, ...]]":
        from mangaclean import images, setting
        from mangaclean.fonts import Fonts

        cfg = self.config.typeset
        fonts = Fonts(cfg)
        body = setting.body_size([region for regions in self.regions.values() for region in regions], cfg)

        def pieces(cleaned: Path, regions: tuple[Region, ...]) -> "tuple[Piece, ...]":
            image = images.load(cleaned.read_bytes(), cleaned.name, self.config.input.max_pixels).image
            return setting.pieces(image, regions, fonts, cfg, body)

        return pieces

    def pieces(self, cleaned: Path | None, regions: tuple[Region, ...]) -> "tuple[Piece, ...]":
        """The translations of a page, or nothing where there are none."""
        if cleaned is None or not any(region.translation.strip() for region in regions):
            return ()
        return self._setting(cleaned, regions)


def place(title: str, name: str, folder: Path) -> Path:
    """Where a book of that title and the format `name` goes in `folder`. UsageError for unknown formats."""
    from mangaclean import export

    return folder / (re.sub(r'[<>:"/\\|?*]', "_", title) + export.check(name).ending)


def guard(path: Path, source: Path) -> None:
    """UsageError where a book would take the place of the chapter that it is made from, or lie in it."""
    if path.exists() and path.samefile(source):
        raise UsageError(f"{path}: the book would replace the chapter itself; choose another --out")
    if source.is_dir() and source.resolve() in path.resolve().parents:
        raise UsageError(f"{path} lies in the chapter itself, which is never touched; choose another --out")


def write(book: "Book", name: str, path: Path) -> None:
    """Make a book. OutputError where it cannot be written, MissingError where a library is not installed."""
    from mangaclean import export

    exporter = export.load(name)
    folder = path if export.check(name).folder else path.parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot make {folder}: {error.strerror or error}; choose another --out") from error
    exporter(book, path)


def renew(source: Source, out: Path, config: Config, state: Manifest) -> list[Path]:
    """Make the books of `output.export` in `out` that are missing or were made from something else."""
    written = []
    for name in config.output.export:
        book = assemble(source, out, config, state)
        path = place(book.title, name, out)
        guard(path, source.path)
        key = facts(book, name, out)
        if not path.exists() or state.books.get(path.name) != key:
            write(book, name, path)
            state.books[path.name] = key
            written.append(path)
    return written


def facts(book: "Book", name: str, out: Path) -> str:
    """The digest of all that a book of a format is made from."""
    from mangaclean import __version__

    pages = [(page.name, files.digest(page.picture) if page.picture else "", page.chapter) for page in book.pages]
    extras = [(member, files.digest(data)) for member, data in book.extras]
    text = out / edition.NAME
    words = files.digest(text) if name not in ("cbz", "folder") and text.is_file() else ""
    about = [book.direction, book.language, book.settings.model_dump(mode="json")]
    return files.digest(json.dumps([__version__, name, about, pages, extras, words]).encode())


def origin(out: Path, state: Manifest) -> Path | None:
    """The chapter that was cleaned into `out`: where it was then, else beside it; None if it is at neither place."""
    from mangaclean.pagenames import BOOKS

    places = [out / state.path] if state.path else []
    beside = out.resolve().parent / state.source
    if state.source:
        places += [beside, *(beside.with_name(beside.name + suffix) for suffix in sorted(BOOKS))]
    return next((path for path in places if path.exists() and not (path / manifest.NAME).is_file()), None)


def unlike(paths: Sequence[Path]) -> None:
    """UsageError where two books would get one name."""
    seen: set[str] = set()
    for path in paths:
        if str(path).casefold() in seen:
            raise UsageError(f"two chapters would both become {path}; export them one by one, or as one with --join")
        seen.add(str(path).casefold())


def forced(book: "Book", force: bool) -> "Book":
    """The book, for exporters that may replace what a person has worked in."""
    return replace(book, force=force)


def way(out: Path, source: Path) -> str:
    """The path from an output folder to its chapter, as the manifest keeps it: both may move together."""
    try:
        return Path(os.path.relpath(source.resolve(), out.resolve())).as_posix()
    except ValueError:  # another drive
        return source.resolve().as_posix()
