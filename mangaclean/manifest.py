"""manifest.json: what was done to each page, by which settings, and what came of it."""

import json
import logging
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mangaclean.errors import OutputError
from mangaclean.files import digest, write

log = logging.getLogger(__name__)

NAME = "manifest.json"
VERSION = 1


@dataclass(slots=True)
class Record:
    """One stage of one page: what it was made from, the digests of what it made, how long it took, or what failed.

    `pending` holds what is about to be written over `made`: after a kill, either is the program's own work.
    """

    key: str = ""
    made: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    error: str = ""
    notes: list[str] = field(default_factory=list)
    pending: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Manifest:
    """The state of a chapter: stem → stage → record; `books` holds the keys of what was made of the whole chapter."""

    source: str = ""
    names: dict[str, str] = field(default_factory=dict)  # stem → name in the source
    pages: dict[str, dict[str, Record]] = field(default_factory=dict)
    books: dict[str, str] = field(default_factory=dict)
    path: str = ""  # of the source, from the output folder

    def record(self, stem: str, stage: str) -> Record:
        return self.pages.get(stem, {}).get(stage, Record())

    def errors(self) -> dict[str, str]:
        """Stem → what went wrong first at its last attempt."""
        found: dict[str, str] = {}
        for stem, stages in self.pages.items():
            for stage, record in stages.items():
                if record.error:
                    found.setdefault(stem, f"{stage}: {record.error}")
        return found


def key(stage: str, revision: int, settings: Mapping[str, Any], engine: str, inputs: Mapping[str, str]) -> str:
    """What a stage's result depends on, as one digest: change any of it, and the stage runs again."""
    parts = {"stage": stage, "revision": revision, "settings": settings, "engine": engine, "inputs": inputs}
    return digest(json.dumps(parts, sort_keys=True).encode())


def load(out: Path) -> Manifest:
    """The manifest of an output folder. A broken one counts as empty, with a warning; a newer one is refused."""
    path = out / NAME
    try:
        raw = json.loads(path.read_bytes())
        version = int(raw["version"])
    except FileNotFoundError:
        return Manifest()
    except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        log.warning("%s cannot be read (%s): every page is checked anew", path, error)
        return Manifest()
    if version > VERSION:
        raise OutputError(f"{path} is of version {version}, from a newer mangaclean; update, or choose another --out")
    try:
        pages = {
            stem: {stage: _record(record) for stage, record in stages.items()} for stem, stages in raw["pages"].items()
        }
        return Manifest(str(raw["source"]), _words(raw["names"]), pages, _words(raw["books"]), str(raw.get("path", "")))
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        log.warning("%s is damaged (%r): every page is checked anew", path, error)
        return Manifest()


def _record(raw: dict[str, Any]) -> Record:
    record = Record(**raw)
    texts = [record.key, record.error, *record.notes]
    if not all(isinstance(text, str) for text in texts) or not isinstance(record.notes, list):
        raise TypeError("a text that is none")
    record.made, record.pending, record.seconds = _words(record.made), _words(record.pending), float(record.seconds)
    return record


def _words(raw: dict[str, str]) -> dict[str, str]:
    if not isinstance(raw, dict) or not all(isinstance(value, str) for value in raw.values()):
        raise TypeError("a table that is none")
    return raw


def save(out: Path, manifest: Manifest) -> None:
    """Write the manifest, whole and atomically, unless it stands there already."""
    pages = {
        stem: {
            stage: {name: value for name in Record.__slots__ if (value := getattr(record, name))}
            for stage, record in stages.items()
        }
        for stem, stages in manifest.pages.items()
    }
    data = {
        "version": VERSION,
        "source": manifest.source,
        "path": manifest.path,
        "names": manifest.names,
        "books": manifest.books,
    }
    # A line for each page: easy to compare, and written ten times as fast as with a line for each value
    head = json.dumps(data, indent=1, ensure_ascii=False).removesuffix("\n}")
    lines = (f"  {json.dumps(stem)}: {json.dumps(stages, ensure_ascii=False)}" for stem, stages in pages.items())
    text = (head + ',\n "pages": {\n' + ",\n".join(lines) + "\n }\n}\n").encode()
    with suppress(OSError):
        if (out / NAME).read_bytes() == text:
            return
    write(out / NAME, text)


def edited(out: Path, record: Record, name: str) -> bool:
    """Whether a person changed a file since the program made it."""
    path = out / name
    own = {table[name] for table in (record.made, record.pending) if name in table}
    return name in record.made and path.is_file() and digest(path) not in own
