"""Where pages come from: a folder, one picture, CBZ, CBR, CB7, tar or PDF. Nothing is ever unpacked by name."""

import logging
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from mangaclean.config import InputConfig
from mangaclean.errors import InputError, PageError
from mangaclean.files import natural_order
from mangaclean.pagenames import BOOKS, PAGES, is_litter, is_page, leads_out, printable, stems

log = logging.getLogger(__name__)

AGAIN = "copy or download it again"
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
        """The bytes of the file. PageError where they cannot be had."""
        return self.fetch()


@dataclass(frozen=True, slots=True)
class Source:
    """A chapter as it came: pages in natural order, and what else goes into a book (name, bytes)."""

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


@dataclass(frozen=True, slots=True)
class _Opened:
    """Members of a source by name, each with what fetches it."""

    members: Mapping[str, Callable[[], bytes]]
    notes: tuple[str, ...] = ()
    close: Callable[[], None] = lambda: None


def open_source(path: Path, cfg: InputConfig) -> Source:
    """Open a chapter for reading only. InputError says why it cannot be; MissingError, what has to be installed."""
    if not path.exists():
        raise InputError(f"{path}: there is no such file or folder")
    kind = "folder" if path.is_dir() else _kind(path)
    opened = _OPENERS[kind](path, cfg)
    names = [name for name in natural_order(opened.members) if not is_litter(name)]
    pages = [name for name in names if is_page(name)]
    if not pages:
        opened.close()
        raise InputError(_without_pages(path, names))
    found, told = stems([printable(name) for name in pages])
    others = [name for name in names if not is_page(name)]
    return Source(
        path,
        printable(path.resolve().name if kind == "folder" else path.stem),
        tuple(PageFile(printable(name), stem, opened.members[name]) for name, stem in zip(pages, found, strict=True)),
        lambda: tuple(_extras(opened.members, others)),
        (*opened.notes, *told),
        opened.close,
    )


def _extras(members: Mapping[str, Callable[[], bytes]], names: Iterable[str]) -> Iterator[tuple[str, bytes]]:
    for name in names:
        try:
            yield printable(name), members[name]()
        except PageError as error:
            log.warning("%s; passed over", error)


def _without_pages(path: Path, names: list[str]) -> str:
    hint = f"known are {', '.join(sorted(PAGES))}"
    if any(Path(name).suffix.lower() in BOOKS for name in names):
        hint = "it holds archives: give one of them" + (", or add --recursive" if path.is_dir() else "")
    elif path.is_dir() and any(entry.is_dir() for entry in path.iterdir()):
        hint = "to clean the chapters in its folders, add --recursive"
    return f"{path}: there are no pages in it; {hint}"


def chapters(path: Path, recursive: bool = False) -> list[Path]:
    """The chapters at a path: itself, or with `recursive` every folder there that holds pages, and every archive.

    Folders that a run made (with a manifest.json and cleaned/) are passed over. InputError where there is nothing.
    """
    if not path.exists():
        raise InputError(f"{path}: there is no such file or folder")
    if not recursive or path.is_file():
        return [path]
    found = {str(chapter): chapter for chapter in _chapters(path)}
    if not found:
        raise InputError(f"{path}: no folder with pages and no archive at any depth")
    return [found[name] for name in natural_order(found)]


def _chapters(folder: Path) -> Iterator[Path]:
    if (folder / "manifest.json").is_file() and (folder / "cleaned").is_dir():
        return
    entries = [entry for entry in _listed(folder) if not is_litter(entry.name)]
    if any(is_page(entry.name) and entry.is_file() for entry in entries):
        yield folder
    for entry in entries:
        if entry.is_dir() and not entry.is_symlink():  # a link may lead back up
            yield from _chapters(entry)
        elif entry.suffix.lower() in BOOKS and entry.is_file():
            yield entry


def _listed(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError as error:
        raise InputError(f"{folder}: cannot be opened: {error.strerror or error}; check its permissions") from error


def _kind(path: Path) -> str:
    """By its first bytes, not by its name: many a .cbz is a RAR."""
    try:
        with path.open("rb") as file:
            head = file.read(512)
    except OSError as error:
        raise InputError(f"{path}: cannot be opened: {error.strerror or error}; check its permissions") from error
    if not head:
        raise InputError(f"{path}: the file is empty; {AGAIN}")
    for magic, kind in MAGIC:
        if head.startswith(magic):
            return kind
    suffix = path.suffix.lower()
    if head[257:262] == b"ustar" or suffix in (".cbt", ".tar"):
        return "tar"
    if suffix in PAGES:
        return "picture"
    if suffix in BOOKS:
        raise InputError(f"{path}: damaged, or no archive at all: it begins as none does; {AGAIN}")
    raise InputError(f"{path}: no folder, picture, archive or PDF; known are {', '.join(sorted(PAGES | BOOKS))}")


def _folder(path: Path, _: InputConfig) -> _Opened:
    # ComicInfo.xml lies in folders that were archives once; what else lies about there is nobody's business.
    names = [entry.name for entry in _listed(path) if entry.is_file()]
    wanted = [name for name in names if is_page(name) or name.lower() == "comicinfo.xml"]
    return _Opened({name: partial(_from_disk, path / name) for name in wanted or names})


def _picture(path: Path, _: InputConfig) -> _Opened:
    return _Opened({path.name: partial(_from_disk, path)})


def _from_disk(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise PageError(
            f"{printable(path.name)}: cannot be read: {error.strerror or error}; check its permissions"
        ) from error


def _zip(path: Path, cfg: InputConfig) -> _Opened:
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise InputError(f"{path}: damaged archive ({error}); {AGAIN}") from error
    members = {_zip_name(info): info for info in archive.infolist() if not info.is_dir()}
    infos, notes = _inside(members)
    problem = ""
    if any(info.flag_bits & 1 for info in infos.values()):
        problem = "protected by a password; unpack it and give the folder"
    elif sum(info.file_size for info in infos.values()) > cfg.max_unpacked:
        problem = f"unpacks to more than input.max_unpacked = {cfg.max_unpacked} bytes; if it is genuine, raise that"
    if problem:
        archive.close()
        raise InputError(f"{path}: {problem}")
    fetchers = {name: partial(_from_zip, archive, name, info, cfg) for name, info in infos.items()}
    return _Opened(fetchers, notes, archive.close)


def _zip_name(info: zipfile.ZipInfo) -> str:
    """The name of a member; many programs write UTF-8 without saying so."""
    name = info.filename
    if not info.flag_bits & 0x800:
        with suppress(UnicodeError):
            name = name.encode("cp437").decode("utf-8")
    return name.replace("\\", "/")


def _inside(members: dict[str, zipfile.ZipInfo]) -> tuple[dict[str, zipfile.ZipInfo], tuple[str, ...]]:
    inside = {name: info for name, info in members.items() if not leads_out(name)}
    return inside, tuple(_passed_over(name) for name in members if name not in inside)


def _passed_over(name: str) -> str:
    return f"{printable(name)}: passed over, as its name points outside the archive"


def _from_zip(archive: zipfile.ZipFile, name: str, info: zipfile.ZipInfo, cfg: InputConfig) -> bytes:
    _check_size(name, info.file_size, cfg)
    try:
        # zipfile stops at the size that the list of members gives, and then compares the sum.
        return archive.read(info)
    except (NotImplementedError, RuntimeError) as error:
        raise PageError(f"{printable(name)}: {error}; unpack the archive and give the folder") from error
    except Exception as error:  # each way of packing has errors of its own
        reason = printable(str(error))[:120]  # it may quote what stands there in place of a name
        raise PageError(f"{printable(name)}: damaged in the archive ({reason}); {AGAIN}") from error


def _check_size(name: str, size: int, cfg: InputConfig) -> None:
    """No file is larger than the largest page that is not compressed at all."""
    limit = 4 * cfg.max_pixels + 1_000_000
    if size > limit:
        raise PageError(
            f"{printable(name)}: {size} bytes are more than a page of input.max_pixels = {cfg.max_pixels} can have"
        )


def _stream(path: Path, cfg: InputConfig, tar: bool = False) -> _Opened:
    """RAR, 7z and tar can only be read from front to back: pages wait in a temporary file."""
    from mangaclean import tarstream

    spool = tarstream.Spool()
    notes = []
    try:
        for name, data in (tarstream.tar_members if tar else tarstream.members)(path, cfg.max_unpacked):
            if leads_out(name):
                notes.append(_passed_over(name))
            elif not is_litter(name):
                spool.put(name, data)
    except BaseException:
        spool.close()
        raise
    return _Opened({name: partial(spool.read, name) for name in spool.places}, tuple(notes), spool.close)


def _pdf(path: Path, cfg: InputConfig) -> _Opened:
    from mangaclean import pdfpages

    return _Opened(*pdfpages.read(path, cfg))


_OPENERS: dict[str, Callable[[Path, InputConfig], _Opened]] = {
    "folder": _folder,
    "picture": _picture,
    "zip": _zip,
    "stream": _stream,
    "tar": partial(_stream, tar=True),
    "pdf": _pdf,
}
