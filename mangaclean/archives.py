"""Where pages come from: a folder, one picture, CBZ, CBR, CB7, tar or PDF. Nothing is ever unpacked by name."""

import io
import logging
import re
import stat
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO

from mangaclean.config import InputConfig
from mangaclean.errors import InputError, PageError
from mangaclean.files import natural_order

log = logging.getLogger(__name__)

PAGES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp", ".avif", ".gif"})
BOOKS = frozenset({".cbz", ".zip", ".cbr", ".rar", ".cb7", ".7z", ".cbt", ".tar", ".pdf"})
JUNK = re.compile(r"(^|/)(\.|__MACOSX(/|$)|thumbs\.db$|desktop\.ini$)", re.IGNORECASE)
MAGIC = (
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"Rar!\x1a\x07", "stream"),
    (b"7z\xbc\xaf\x27\x1c", "stream"),
    (b"%PDF-", "pdf"),
)


@dataclass(frozen=True, slots=True)
class PageFile:
    """A page of a source: its name there, with folders by /; a stem that no other page has; and its bytes."""

    name: str
    stem: str
    fetch: Callable[[], bytes]

    def read(self) -> bytes:
        """The bytes of the file. PageError where they can no longer be had."""
        return self.fetch()


@dataclass(frozen=True, slots=True)
class Source:
    """A chapter as it came: pages in natural order, and what else lay in an archive (name, bytes)."""

    path: Path
    title: str
    pages: tuple[PageFile, ...]
    extras: Callable[[], tuple[tuple[str, bytes], ...]]
    notes: tuple[str, ...]
    close: Callable[[], None]

    def __enter__(self) -> "Source":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_source(path: Path, cfg: InputConfig) -> Source:
    """Open a chapter for reading only. InputError says why it cannot be."""
    if not path.exists():
        raise InputError(f"{path}: there is no such file or folder")
    if path.is_dir():
        names = [entry.name for entry in path.iterdir() if entry.is_file()]
        return _source(path, path.resolve().name, names, lambda name: _from_disk(path / name))
    kind = _kind(path)
    if kind == "zip":
        return _zip(path, cfg)
    if kind == "stream":
        return _stream(path, cfg)
    if kind == "pdf":
        from mangaclean import pdfpages

        return _source_of(path, pdfpages.read(path, cfg))
    if path.suffix.lower() in PAGES:
        return _source(path, path.stem, [path.name], lambda _: _from_disk(path))
    raise InputError(
        f"{path}: neither a folder, a picture, an archive nor a PDF; known are {', '.join(sorted(PAGES | BOOKS))}"
    )


def chapters(path: Path, recursive: bool = False) -> list[Path]:
    """The chapters at a path: itself, or with `recursive` every folder below that holds pages, and every archive.

    Folders that a run made (with a manifest.json and cleaned/) are passed over.
    """
    if not recursive or path.is_file():
        return [path]
    found = []
    for folder in [path, *(p for p in path.rglob("*") if p.is_dir())]:
        parts = [path / part for part in _parents(folder.relative_to(path))]
        if any(_made(part) for part in [*parts, folder]) or JUNK.search(folder.relative_to(path).as_posix()):
            continue
        files = [entry for entry in folder.iterdir() if entry.is_file() and not JUNK.search(entry.name)]
        if any(entry.suffix.lower() in PAGES for entry in files):
            found.append(folder)
        found += [entry for entry in files if entry.suffix.lower() in BOOKS]
    order = {str(chapter): chapter for chapter in found}
    if not found:
        raise InputError(f"{path}: no folder with pages and no archive at any depth")
    return [order[name] for name in natural_order(order)]


def _parents(path: Path) -> Iterator[Path]:
    return (parent for parent in path.parents if parent != Path())


def _made(folder: Path) -> bool:
    return (folder / "manifest.json").is_file() and (folder / "cleaned").is_dir()


def _kind(path: Path) -> str:
    """By its first bytes, not by its name: many a .cbz is a RAR."""
    try:
        with path.open("rb") as file:
            head = file.read(512)
    except OSError as error:
        raise InputError(f"{path}: cannot be opened: {error.strerror or error}; check its permissions") from error
    if not head:
        raise InputError(f"{path}: the file is empty; copy or download it again")
    for magic, kind in MAGIC:
        if head.startswith(magic):
            return kind
    return "stream" if head[257:262] == b"ustar" else ""


def _from_disk(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise PageError(f"{path}: cannot be read: {error.strerror or error}") from error


def _source(
    path: Path,
    title: str,
    names: Iterable[str],
    fetch: Callable[[str], bytes],
    close: Callable[[], None] = lambda: None,
    notes: tuple[str, ...] = (),
) -> Source:
    """A source of members by name: pages apart from the rest, each with a stem of its own."""
    clean = [name for name in natural_order(names) if not JUNK.search(name)]
    pages = [name for name in clean if PurePosixPath(name).suffix.lower() in PAGES]
    others = [name for name in clean if name not in set(pages)] if not path.is_dir() else []
    if not pages:
        close()
        raise InputError(f"{path}: no pages in it; known are {', '.join(sorted(PAGES))}")
    stems, told = _stems(pages)
    return Source(
        path,
        title,
        tuple(PageFile(name, stem, partial(fetch, name)) for name, stem in zip(pages, stems, strict=True)),
        lambda: tuple((name, fetch(name)) for name in others),
        (*notes, *told),
        close,
    )


def _source_of(path: Path, pages: dict[str, Callable[[], bytes]]) -> Source:
    return _source(path, path.stem, pages, lambda name: pages[name]())


def _stems(names: list[str]) -> tuple[list[str], list[str]]:
    """A stem for each page that no other has, whatever the letters' case; and what had to be renamed."""
    plain = [_safe(PurePosixPath(name).stem) for name in names]
    counts: dict[str, int] = {}
    for stem in plain:
        counts[stem.lower()] = counts.get(stem.lower(), 0) + 1
    stems, notes = [], []
    taken: set[str] = set()
    for name, stem in zip(names, plain, strict=True):
        path = PurePosixPath(name)
        choice = stem
        if counts[stem.lower()] > 1 and len(path.parts) > 1:
            choice = _safe("_".join((*path.parts[:-1], path.stem)))
        if choice.lower() in taken:
            choice = f"{choice}-{path.suffix[1:].lower()}"
        number = 2
        while choice.lower() in taken:
            choice, number = f"{choice.rsplit('~', 1)[0]}~{number}", number + 1
        taken.add(choice.lower())
        if choice != path.stem:
            notes.append(f"{name}: written as {choice!r}, so that no two pages share a name")
        stems.append(choice)
    return stems, notes


def _safe(stem: str) -> str:
    """A stem that is a file name on every system."""
    return re.sub(r'[\x00-\x1f<>:"/\\|?*]', "_", stem).strip(" .") or "page"


def _unsafe(name: str) -> bool:
    return name.startswith(("/", "\\")) or ".." in re.split(r"[/\\]", name) or re.match(r"[A-Za-z]:", name) is not None


def _refuse(path: Path, what: str) -> InputError:
    return InputError(f"{path}: {what}")


def _zip(path: Path, cfg: InputConfig) -> Source:
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise _refuse(path, f"damaged archive ({error}); copy or download it again") from error
    members = {info.filename.replace("\\", "/"): info for info in archive.infolist() if not info.is_dir()}
    unsafe = [name for name in members if _unsafe(name)]
    notes = tuple(f"{name}: passed over, its name points outside the archive" for name in unsafe)
    members = {name: info for name, info in members.items() if name not in unsafe}
    if any(info.flag_bits & 1 for info in members.values()):
        archive.close()
        raise _refuse(path, "protected by a password; unpack it and give the folder")
    total = sum(info.file_size for info in members.values())
    if total > cfg.max_unpacked:
        archive.close()
        raise _too_large(path, cfg)

    def fetch(name: str) -> bytes:
        try:
            with archive.open(members[name]) as file:
                data = file.read(members[name].file_size + 1)
        except (zipfile.BadZipFile, zlib.error, OSError, EOFError, NotImplementedError, RuntimeError) as error:
            raise PageError(f"{name}: damaged in {path.name} ({error}); copy or download the archive again") from error
        return data

    return _source(path, path.stem, members, fetch, archive.close, notes)


def _too_large(path: Path, cfg: InputConfig) -> InputError:
    return _refuse(
        path, f"unpacks to more than input.max_unpacked = {cfg.max_unpacked} bytes; if it is genuine, raise that limit"
    )


def _stream(path: Path, cfg: InputConfig) -> Source:
    """RAR, 7z and tar, by way of the tar stream that libarchive's bsdtar makes of each."""
    from mangaclean import tarstream

    spool = tempfile.TemporaryFile()  # noqa: SIM115 — closed with the source
    places: dict[str, tuple[int, int]] = {}
    notes = []
    try:
        for name, mode, data in tarstream.members(path, cfg.max_unpacked):
            if _unsafe(name):
                notes.append(f"{name}: passed over, its name points outside the archive")
            elif stat.S_ISREG(mode):
                places[name] = spool.tell(), len(data)
                spool.write(data)
    except BaseException:
        spool.close()
        raise
    return _source(path, path.stem, places, lambda name: _at(spool, *places[name]), spool.close, tuple(notes))


def _at(spool: IO[bytes], place: int, size: int) -> bytes:
    spool.seek(place, io.SEEK_SET)
    return spool.read(size)
