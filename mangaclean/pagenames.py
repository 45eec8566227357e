"""Names: what is a page, what is litter, what must never be a path, and a stem of its own for each page."""

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from hashlib import sha256
from pathlib import PurePosixPath

from mangaclean.errors import UsageError

PAGES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp", ".avif", ".gif"})
BOOKS = frozenset({".cbz", ".zip", ".cbr", ".rar", ".cb7", ".7z", ".cbt", ".tar", ".pdf"})
LITTER = re.compile(r"(^|/)(\.|__MACOSX(/|$)|thumbs\.db$|desktop\.ini$)|^policy\.toml$", re.IGNORECASE)
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
# Names of devices on Windows, whatever their suffix.
DEVICE = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
LONGEST = 150  # bytes of a stem: names of files end at 255, and books and folders are named after stems too

MOST = 100_000  # pages: more than any chapter has


def page_numbers(text: str, option: str = "--pages") -> frozenset[int] | None:
    """`3-7,12` as numbers counted from 1; None for all pages. UsageError for anything else."""
    if not text:
        return None
    numbers: set[int] = set()
    for part in text.replace(" ", "").split(","):
        match = re.fullmatch(r"([0-9]{1,9})(?:-([0-9]{1,9}))?", part)
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
        if not 1 <= first <= last <= MOST:
            raise UsageError(f"{option} {text!r}: {part!r} is no page or range; write it like 3-7,12")
        numbers.update(range(first, last + 1))
    return frozenset(numbers)


def is_page(name: str) -> bool:
    return PurePosixPath(name).suffix.lower() in PAGES


def is_litter(name: str) -> bool:
    """Hidden files, and what file managers leave lying about, in any folder of a name."""
    return LITTER.search(name) is not None


def leads_out(name: str) -> bool:
    """Whether a member's name, taken as a path, could point outside the folder that it is unpacked to."""
    return name.startswith(("/", "\\")) or ".." in re.split(r"[/\\]", name) or re.match(r"[A-Za-z]:", name) is not None


def printable(name: str) -> str:
    """A name that can be written down and shown: bytes that are no UTF-8 and control characters are spelled out."""
    name = name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", name)


def stems(names: Sequence[str]) -> tuple[list[str], list[str]]:
    """For each page a stem that no other has, on any system; and notes on those that had to be changed.

    The file's own stem; with its folders where others share it; with its suffix where even that is taken.
    """
    shared = Counter(_key(_fit(PurePosixPath(name).stem)) for name in names)
    found, notes = [], []
    taken: set[str] = set()
    for name in names:
        path = PurePosixPath(name)
        own = choice = _fit(path.stem)
        if shared[_key(own)] > 1 and len(path.parts) > 1:
            choice = _fit("_".join((*path.parts[:-1], path.stem)))
        if _key(choice) in taken:
            choice = _fit(f"{choice}-{path.suffix[1:].lower()}")
        first, number = choice, 2
        while _key(choice) in taken:
            choice, number = _fit(f"{first}-{number}"), number + 1
        taken.add(_key(choice))
        if choice != own:
            notes.append(f"{name} is written as {choice!r}, as another page has its name")
        elif choice != path.stem:
            notes.append(f"{name} is written as {choice!r}, as not every system allows its name")
        found.append(choice)
    return found, notes


def _key(stem: str) -> str:
    """Equal for names that some system takes for one: Windows ignores case, macOS how accents are composed."""
    return unicodedata.normalize("NFC", stem).casefold()


def _fit(stem: str) -> str:
    """A stem that is a file name on every system."""
    stem = re.sub(r'[<>:"/\\|?*]', "_", CONTROL.sub("_", stem)).strip(" .") or "page"
    if DEVICE.fullmatch(stem):
        stem += "_"
    data = stem.encode()
    if len(data) > LONGEST:
        stem = data[: LONGEST - 9].decode(errors="ignore") + "-" + sha256(data).hexdigest()[:8]
    return stem
