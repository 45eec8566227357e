"""Exit codes, and the errors that carry them."""

from collections.abc import Iterable
from enum import IntEnum


class Exit(IntEnum):
    """Process exit codes; a part of the public interface."""

    OK = 0
    BUG = 1
    USAGE = 2
    INPUT = 3
    MISSING = 4
    OUTPUT = 5
    SOME_FAILED = 6
    INTERRUPTED = 130


class MangacleanError(Exception):
    """An error about the run: it stops it, and its message says what, where and what to do."""

    code = Exit.BUG


class UsageError(MangacleanError):
    """A wrong option, setting or workflow file."""

    code = Exit.USAGE


class InputError(MangacleanError):
    """An input that cannot be read, or holds no pages."""

    code = Exit.INPUT


class MissingError(MangacleanError):
    """An engine, a program, weights or a font that is not installed."""

    code = Exit.MISSING


class OutputError(MangacleanError):
    """A folder or file that cannot be written, or that another run holds."""

    code = Exit.OUTPUT


class PageError(Exception):
    """An error about one page: it costs that page, and the run goes on."""


def did_you_mean(wrong: str, known: Iterable[str]) -> str:
    """For the end of a message: `'treshold'; did you mean 'threshold'?`, or all there is when nothing comes near."""
    import difflib

    known = list(known)
    near = difflib.get_close_matches(wrong, known, n=1)
    return f"'{wrong}'; did you mean '{near[0]}'?" if near else f"'{wrong}'; there are {', '.join(known)}"
