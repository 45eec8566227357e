"""Names of files in a book: those of the source, on any system, and no two alike."""

import re
from pathlib import PurePosixPath

from mangaclean.export import Leaf

SAME = {".jpeg": ".jpg", ".jpe": ".jpg", ".jfif": ".jpg", ".tiff": ".tif"}


class Names:
    """The names that a book has given out so far."""

    def __init__(self) -> None:
        self._used: set[str] = set()

    def __contains__(self, name: str) -> bool:
        return name.casefold() in self._used

    def add(self, name: str) -> None:
        self._used.add(name.casefold())

    def page(self, leaf: Leaf) -> str:
        """The page's own name; with another ending where its format changed, with another stem where that is taken."""
        own = leaf.name if is_safe(leaf.name) else leaf.name.replace("\\", "/").rpartition("/")[2]
        name = PurePosixPath(own)
        if _kind(name.suffix) != _kind(leaf.suffix):
            name = name.with_suffix(leaf.suffix)
        if str(name) in self:
            name = name.with_name(leaf.stem + leaf.suffix)
        number, free = 1, name
        while str(free) in self:
            number += 1
            free = name.with_stem(f"{name.stem}-{number}")
        self.add(str(free))
        return str(free)

    def other(self, name: str, suffix: str) -> str:
        """The name of a file that is made of the page `name`, in the same folder."""
        path = PurePosixPath(name if is_safe(name) else name.replace("\\", "/").rpartition("/")[2])
        number, free = 1, path.with_suffix(suffix)
        while str(free) in self:
            number += 1
            free = path.with_name(f"{path.stem}-{number}{suffix}")
        self.add(str(free))
        return str(free)


def _kind(suffix: str) -> str:
    return SAME.get(suffix.lower(), suffix.lower())


def is_safe(name: str) -> bool:
    """Whether a name stays within the folder that a book is unpacked to."""
    steps = name.replace("\\", "/").split("/")
    return bool(name) and ".." not in steps and "" not in steps and not re.match(r"[A-Za-z]:", name)
