"""What a watcher remembers between starts: the file watch.json in its output folder."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from mangaclean.errors import Exit, OutputError
from mangaclean.files import write
from mangaclean.pagenames import BOOKS

logger = logging.getLogger(__name__)

STATE, LOCK = "watch.json", "watch.lock"
PAUSES = (300.0, 3600.0)  # seconds before the second and the third attempt at a chapter that failed


class Sighting(BaseModel):
    """A chapter as it was last seen: its signature, since when it has that one, and when it was seen."""

    model_config = ConfigDict(frozen=True)
    signature: str
    since: float
    last: float


class Chapter(BaseModel):
    """What was done with a chapter; `result` is empty while an attempt goes on."""

    model_config = ConfigDict(frozen=True)
    out: str
    signature: str
    content: str
    settings: str
    result: Exit | None = None
    attempts: int = 0
    time: float = 0.0


class State(BaseModel):
    """The file watch.json; `waiting` holds chapters that still changed when `--once` saw them."""

    version: Literal[1] = 1
    chapters: dict[str, Chapter] = {}
    waiting: dict[str, Sighting] = {}


def retry_at(chapter: Chapter) -> float | None:
    """When an unchanged chapter is to be tried again; None if it is done or given up."""
    if chapter.result is Exit.OK or chapter.attempts > len(PAUSES):
        return None
    # An attempt without a result was cut short by a crash or a power cut: no reason to wait.
    return 0.0 if chapter.result is None else chapter.time + PAUSES[chapter.attempts - 1]


def destination(name: str, chapters: Mapping[str, Chapter]) -> str:
    """Folder name in OUT for a new chapter: its stem, or its whole name where another chapter has the stem."""
    taken = {chapter.out.casefold() for chapter in chapters.values()} | {STATE, LOCK}
    stem = name[: -len(suffix)] if (suffix := Path(name).suffix).lower() in BOOKS else name
    for candidate in (stem, name, *(f"{name}-{number}" for number in range(2, len(taken) + 3))):
        if candidate.casefold() not in taken:
            return candidate
    raise AssertionError("more names than chapters")


def load(out: Path) -> State:
    """The state in `out`; empty where there is none, or none that can be read."""
    path = out / STATE
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return State()
    except OSError as error:
        raise OutputError(f"cannot read {path}: {error.strerror}") from None
    try:
        return State.model_validate_json(data)
    except ValidationError as error:
        if any(entry["loc"] == ("version",) for entry in error.errors()):
            raise OutputError(f"{path} was written by a newer mangaclean; update, or give another --out") from None
        logger.warning("%s cannot be read and is begun anew: chapters are looked at again", path)
        return State()


def save(out: Path, state: State) -> None:
    write(out / STATE, (state.model_dump_json(indent=2) + "\n").encode())
